// The week: a slot is dragged to another day, or sent there by Alt and an arrow. Nothing is moved
// here: both lead to the page that says what moving would do.
const week = document.querySelector(".week");
const DAY_MS = 86_400_000;
let held = null;

function go(slip, day, time) {
  const url = new URL(slip.dataset.move, location.href);
  url.searchParams.set("sang", day);
  if (time) url.searchParams.set("luc", time);
  location.assign(url);
}

// Another part of the day has no place for the old time: it is offered from where that part opens.
function drop(cell) {
  const isSameBand = cell.dataset.band === held.dataset.band;
  go(held, cell.dataset.drop, isSameBand ? "" : cell.dataset.opens);
}

function mark(cell) {
  week.querySelectorAll(".over").forEach((one) => one.classList.remove("over"));
  cell?.classList.add("over");
}

function shift(slip, days) {
  const cell = slip.closest("[data-drop]");
  if (!cell) return;
  const to = new Date(Date.parse(`${cell.dataset.drop}T00:00:00Z`) + days * DAY_MS);
  go(slip, to.toISOString().slice(0, 10), "");
}

if (week) {
  document.querySelectorAll("[data-drag-help]").forEach((help) => (help.hidden = false));
  week.addEventListener("dragstart", (event) => {
    held = event.target.closest("[data-move]");
    if (!held) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.textContent.trim());
    held.classList.add("held");
  });
  week.addEventListener("dragend", () => {
    held?.classList.remove("held");
    held = null;
    mark(null);
  });
  week.addEventListener("dragover", (event) => {
    const cell = held && event.target.closest("[data-drop]");
    if (!cell) return;
    event.preventDefault();
    mark(cell);
  });
  week.addEventListener("drop", (event) => {
    const cell = held && event.target.closest("[data-drop]");
    if (!cell) return;
    event.preventDefault();
    if (cell !== held.closest("[data-drop]")) drop(cell);
  });
  week.addEventListener("keydown", (event) => {
    const slip = event.altKey && event.target.closest("[data-move]");
    const days = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!slip || !days) return;
    event.preventDefault(); // the browser would go back in its history
    shift(slip, days);
  });
}
