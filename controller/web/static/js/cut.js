// Cutting the silence off an upload: the two points are dragged on the waveform or typed in the fields.
const SHORTEST_S = 1;

// Seconds as people here write them: with a comma, or the point of another keyboard. NaN for anything else.
function typed(text) {
  return /^\d+(?:[.,]\d+)?$/.test(text.trim()) ? Number(text.trim().replace(",", ".")) : NaN;
}

function written(second) {
  const text = second.toFixed(1);
  return document.documentElement.lang === "en" ? text : text.replace(".", ",");
}

class Cut {
  constructor(form) {
    this.form = form;
    this.before = form.querySelector("[data-before]");
    this.after = form.querySelector("[data-after]");
    this.kept = form.querySelector("[data-kept]");
    this.sound = form.querySelector("[data-hear-kept]");
    this.fields = { start: form.elements.cut_start, end: form.elements.cut_end };
    const numbers = ["lengthMs", "leadInMs", "durationMs", "width"].map((name) => Number(form.dataset[name]));
    [this.length, this.leadIn, this.duration] = numbers.map((ms) => ms / 1000);
    this.width = numbers[3];
    form.querySelector("[data-drag]").hidden = false;
    this.listen();
  }

  listen() {
    for (const field of Object.values(this.fields)) {
      field.addEventListener("input", () => this.show());
      field.addEventListener("change", () => this.offer());
    }
    this.before.addEventListener("pointerdown", (event) => this.take(event));
    this.before.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.before.addEventListener(end, () => this.drop());
  }

  // What is typed, kept within the upload; null while a field is empty.
  points() {
    const [start, end] = [this.fields.start, this.fields.end].map((field) => typed(field.value));
    if (Number.isNaN(start) || Number.isNaN(end)) return null;
    const within = (second) => Math.max(0, Math.min(this.length, second));
    return { start: within(start), end: Math.max(within(start), within(end)) };
  }

  take(event) {
    const points = this.points() ?? { start: 0, end: this.length };
    const at = this.second(event);
    this.held = Math.abs(at - points.start) <= Math.abs(at - points.end) ? "start" : "end";
    this.before.setPointerCapture(event.pointerId);
    this.move(at);
  }

  drag(event) {
    if (this.held) this.move(this.second(event));
  }

  drop() {
    if (!this.held) return;
    this.held = null;
    this.offer();
  }

  second(event) {
    const box = this.before.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * this.length;
  }

  move(second) {
    const points = this.points() ?? { start: 0, end: this.length };
    const tenths = this.held === "start" ? Math.floor : Math.ceil;
    const room = this.held === "start" ? [0, points.end - SHORTEST_S] : [points.start + SHORTEST_S, this.length];
    const within = Math.max(room[0], Math.min(room[1], second));
    this.fields[this.held].value = written(Math.max(0, tenths(within * 10) / 10));
    this.show();
  }

  x(second) {
    return Math.min(this.width, ((this.leadIn + second) / this.duration) * this.width);
  }

  show() {
    const points = this.points();
    if (!points) return;
    const [first, start, end, last] = [0, points.start, points.end, this.length].map((second) => this.x(second));
    this.shade("start", first, start);
    this.shade("end", end, last);
    this.grip("start", start);
    this.grip("end", end);
    const [, top, , height] = this.after.getAttribute("viewBox").split(" ");
    this.after.setAttribute("viewBox", `${start.toFixed(1)} ${top} ${Math.max(0.1, end - start).toFixed(1)} ${height}`);
    const length = (points.end - points.start).toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.kept.textContent = this.form.dataset.seconds.replace("{seconds}", length);
  }

  shade(name, from, to) {
    const rect = this.before.querySelector(`[data-off=${name}]`);
    rect.setAttribute("x", from.toFixed(1));
    rect.setAttribute("width", Math.max(0, to - from).toFixed(1));
  }

  grip(name, x) {
    const path = this.before.querySelector(`[data-grip=${name}]`);
    path.setAttribute("d", path.getAttribute("d").replace(/^M[\d.]+/, `M${x.toFixed(1)}`));
  }

  // The player of what is kept follows once a point has come to rest.
  offer() {
    const points = this.points();
    if (!points) return;
    const [begin, end] = [points.start, points.end].map((second) => (this.leadIn + second).toFixed(1));
    this.sound.src = `${this.form.dataset.hear}#t=${begin},${end}`;
  }
}

document.querySelectorAll("[data-cut]").forEach((form) => new Cut(form));
