// The red bar of what sounds by emergency comes to pages that are open already, and goes when it is over.
import { arm } from "./hold.js";

const PERIOD_MS = 5000;
const bar = document.querySelector("[data-alarms]");
let timer = 0;

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(bar.dataset.alarms);
    if (answer.redirected || answer.status === 401) return; // the session ended: the next click says so
    if (answer.ok) show(await answer.text());
  } catch {
    // a broken line: asked again
  }
  timer = setTimeout(look, PERIOD_MS);
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-version]");
  const known = bar.querySelector("[data-version]");
  if (!fresh || fresh.dataset.version === known.dataset.version) return; // nothing is taken from under a finger
  known.replaceWith(document.importNode(fresh, true));
  arm(bar);
}

if (bar) {
  document.addEventListener("visibilitychange", look);
  timer = setTimeout(look, PERIOD_MS);
}
