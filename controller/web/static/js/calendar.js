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

// The day: a slot slides along the hours, in steps of five minutes.
const day = document.querySelector(".lanes.day");
const STEP_MIN = 5;

class Slide {
  constructor(slip, event) {
    this.slip = slip;
    this.from = this.units(event);
    this.minutes = 0;
    slip.setPointerCapture(event.pointerId);
  }

  units(event) {
    const box = day.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * day.viewBox.baseVal.width;
  }

  move(event) {
    const perUnit = Number(day.dataset.minutesPerUnit);
    const wanted = (this.units(event) - this.from) * perUnit;
    this.minutes = Math.round(wanted / STEP_MIN) * STEP_MIN;
    this.slip.setAttribute("transform", `translate(${this.minutes / perUnit} 0)`);
    say(this.minutes ? later(this.slip.dataset.at, this.minutes) : "");
  }

  end() {
    if (this.minutes) slideTo(this.slip, this.minutes);
    this.slip.removeAttribute("transform");
    say("");
  }
}

function say(words) {
  document.querySelector("[data-slide-time]").textContent = words;
}

function later(clock, minutes) {
  const [hour, minute] = clock.split(":").map(Number);
  const at = Math.max(0, Math.min(1439, hour * 60 + minute + minutes));
  return [Math.floor(at / 60), at % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

function slideTo(slip, minutes) {
  const url = new URL(slip.dataset.slide, location.href);
  url.searchParams.set("luc", later(slip.dataset.at, minutes));
  location.assign(url);
}

if (day) {
  let slide = null;
  let hasSlid = false;
  document.querySelectorAll("[data-drag-help]").forEach((help) => (help.hidden = false));
  day.addEventListener("dragstart", (event) => event.preventDefault()); // a link would be dragged
  day.addEventListener("pointerdown", (event) => {
    const slip = event.button === 0 && event.pointerType !== "touch" && event.target.closest("[data-slide]");
    hasSlid = false;
    if (slip) slide = new Slide(slip, event);
  });
  day.addEventListener("pointermove", (event) => slide?.move(event));
  day.addEventListener("pointerup", () => {
    hasSlid = Boolean(slide?.minutes);
    slide?.end();
    slide = null;
  });
  day.addEventListener("pointercancel", () => {
    if (slide) slide.minutes = 0;
    slide?.end();
    slide = null;
  });
  day.addEventListener("click", (event) => {
    if (hasSlid) event.preventDefault(); // the end of a slide is no click on the link
  });
  day.addEventListener("keydown", (event) => {
    const slip = event.altKey && event.target.closest("[data-slide]");
    const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!slip || !steps) return;
    event.preventDefault();
    slideTo(slip, steps * STEP_MIN);
  });
}
