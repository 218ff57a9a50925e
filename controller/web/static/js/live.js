import { isTyped } from "./typed.js";

// A page that stays open asks for its fresh inside, not more often than data-every seconds.
const live = document.querySelector("[data-live-part]");
const periodMs = Number(live?.dataset.every ?? 30) * 1000;
let timer = 0;

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(live.dataset.livePart);
    if (answer.redirected || answer.status === 401) {
      live.classList.add("stale");
      return isTyped() ? undefined : location.reload(); // what is typed is kept for the sign-in
    }
    const isRead = live.contains(document.activeElement) || live.querySelector("details[open]");
    if (answer.ok && !isRead) live.innerHTML = await answer.text(); // nothing is taken from under a finger
    live.classList.toggle("stale", !answer.ok);
  } catch {
    live.classList.add("stale");
  }
  timer = setTimeout(poll, periodMs);
}

if (live) {
  document.addEventListener("visibilitychange", () => !document.hidden && poll());
  timer = setTimeout(poll, periodMs);
}
