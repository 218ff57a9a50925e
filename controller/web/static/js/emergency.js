import { isTyped } from "./typed.js";

// Emergencies and drills: the button opens when the sentence is typed; the live table asks each second.
const PERIOD_MS = 1000;
const plain = (text) => text.normalize("NFC").toLocaleLowerCase("vi").trim().split(/\s+/).join(" ");

for (const field of document.querySelectorAll("[data-must]")) {
  const button = field.form.querySelector("[data-fire]");
  const judge = () => { button.disabled = plain(field.value) !== plain(field.dataset.must); };
  field.addEventListener("input", judge);
  judge();
}

// How many stations the chosen places hold, each counted once, and in which districts.
function count(fieldset) {
  const line = fieldset.querySelector("[data-chosen]");
  const chosen = new Set();
  for (const box of fieldset.querySelectorAll("[data-covers]:checked")) box.dataset.covers.split(" ").forEach((one) => chosen.add(one));
  const districts = [...fieldset.querySelectorAll("[data-district]")]
    .map((one) => [one.dataset.district, [...one.querySelectorAll("[data-commune]")].filter((box) => chosen.has(box.value)).length])
    .filter(([, number]) => number)
    .map(([name, number]) => `${name} ${number}`);
  line.dataset.sum = [line.dataset.none, line.dataset.one][chosen.size] ?? line.dataset.words.replace("{n}", chosen.size);
  line.textContent = districts.length ? `${line.dataset.sum.replace(/\.$/, "")}: ${districts.join(" · ")}.` : line.dataset.sum;
  line.hidden = false;
  for (const box of fieldset.querySelectorAll("[data-commune]")) box.closest(".chip").classList.toggle("covered", !box.checked && chosen.has(box.value));
  for (const one of fieldset.querySelectorAll("[data-place]")) one.classList.toggle("on", chosen.has(one.dataset.place));
}

// A place pressed on the map: its own box is ticked, or every box that covers it gives way to those of the others.
function pick(fieldset, place) {
  const boxes = [...fieldset.querySelectorAll("[data-covers]")];
  const own = boxes.find((box) => "commune" in box.dataset && box.value === place);
  const covering = boxes.filter((box) => box.checked && box.dataset.covers.split(" ").includes(place));
  const others = new Set(covering.flatMap((box) => box.dataset.covers.split(" ")));
  others.delete(place);
  for (const box of covering) box.checked = false;
  for (const box of boxes) if ("commune" in box.dataset && others.has(box.value)) box.checked = true;
  own.checked = !covering.length;
  own.dispatchEvent(new Event("change", { bubbles: true }));
  return own.checked;
}

for (const picker of document.querySelectorAll("[data-picker]")) {
  const fieldset = picker.closest("[data-targets]");
  picker.hidden = picker.querySelector("[data-map]").hidden = false;
  picker.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-place]");
    if (!mark) return;
    const isTaken = pick(fieldset, mark.dataset.place);
    const words = isTaken ? picker.dataset.took : picker.dataset.left;
    const { sum } = fieldset.querySelector("[data-chosen]").dataset;
    picker.querySelector("[data-picked]").textContent = `${words.replace("{place}", mark.querySelector("title").textContent)} ${sum}`;
  });
}

for (const fieldset of document.querySelectorAll("[data-targets]")) {
  fieldset.addEventListener("change", () => count(fieldset));
  count(fieldset);
}

const live = document.querySelector("[data-changes]");
let timer = 0;

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(live.dataset.changes);
    if (answer.redirected || answer.status === 401) {
      live.classList.add("stale");
      return isTyped() ? undefined : location.reload();
    }
    if (answer.ok) {
      const html = await answer.text();
      if (html !== live.dataset.last) live.innerHTML = html;
      live.dataset.last = html;
    }
    live.classList.toggle("stale", !answer.ok);
  } catch {
    live.classList.add("stale");
  }
  timer = setTimeout(poll, PERIOD_MS);
}

if (live) {
  document.addEventListener("visibilitychange", poll);
  poll();
}

// Who waits at a proposal sees that it was sent, dropped or too late, and when its words are there. Once
// it is sent nothing typed here counts any more; before that, nothing somebody types or hears is broken off.
const proposal = document.querySelector("[data-proposal]");
const isBusy = () => isTyped() || [...document.querySelectorAll("audio")].some((one) => !one.paused);

async function watch() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(proposal.dataset.asks);
    const isOut = answer.redirected || answer.status === 401;
    const said = answer.ok && !isOut ? new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-state]") : null;
    const isOver = answer.ok && !isOut && said?.dataset.state.split(" ")[0] !== "proposed";
    const isOther = isOut || (said && said.dataset.state !== proposal.dataset.state);
    if (isOver || (isOther && !isBusy())) return location.replace(proposal.dataset.proposal);
  } catch {
    // a broken line: asked again
  }
  timer = setTimeout(watch, PERIOD_MS);
}

if (proposal) {
  document.addEventListener("visibilitychange", watch);
  timer = setTimeout(watch, PERIOD_MS);
}
