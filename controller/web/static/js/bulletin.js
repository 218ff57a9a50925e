import { isTyped } from "./typed.js";

// The page of one bulletin: listen with a waveform, hear it as through a horn, wait for its sound.
const WIDTH = 900;

function clock(seconds) {
  const whole = Math.round(seconds);
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

class Player {
  constructor(root) {
    this.audio = root.querySelector("[data-audio]");
    this.wave = root.querySelector("[data-wave]");
    this.played = root.querySelector("[data-played]");
    this.head = root.querySelector("[data-head]");
    this.time = root.querySelector("[data-time]");
    this.playButton = root.querySelector("[data-play]");
    this.hornButton = root.querySelector("[data-horn]");
    this.seconds = Number(root.dataset.durationMs) / 1000;
    this.playWord = this.playButton.lastElementChild.textContent;
    this.heard = new Set();
    this.audio.controls = false;
    root.querySelector("[data-controls]").hidden = false;
    this.head.removeAttribute("hidden");
    this.listen();
  }

  listen() {
    this.playButton.addEventListener("click", () => (this.audio.paused ? this.play() : this.audio.pause()));
    this.hornButton.addEventListener("click", () => this.toggleHorn());
    this.wave.addEventListener("click", (event) => this.seek(event));
    this.audio.addEventListener("play", () => this.alone());
    this.audio.addEventListener("play", () => this.say(this.playButton.dataset.stopWord, "pause"));
    this.audio.addEventListener("pause", () => this.say(this.playWord, "play"));
    this.audio.addEventListener("timeupdate", () => this.show());
    this.audio.addEventListener("ended", () => this.show());
  }

  say(word, sign) {
    this.playButton.lastElementChild.textContent = word;
    const use = this.playButton.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${sign}`));
  }

  seek(event) {
    const box = this.wave.getBoundingClientRect();
    this.hear(((event.clientX - box.left) / box.width) * this.seconds);
  }

  play() {
    this.audio.play().catch(() => {}); // stopped before it began: nothing is wrong
  }

  hear(second) {
    this.audio.currentTime = Math.max(0, Math.min(this.seconds, second));
    this.play();
  }

  show() {
    const x = Math.min(WIDTH, (this.audio.currentTime / this.seconds) * WIDTH);
    this.played.setAttribute("width", x.toFixed(1));
    this.head.setAttribute("d", `M${x.toFixed(1)} 0V104`);
    this.time.textContent = `${clock(this.audio.currentTime)} / ${clock(this.seconds)}`;
    if (!this.audio.paused || this.audio.ended) this.heard.add(Math.floor(this.audio.currentTime));
    tellHeard();
  }

  heardSeconds() {
    return Math.min(this.heard.size, this.seconds);
  }

  isHeard() {
    return this.heard.size >= Math.floor(this.seconds) - 1;
  }

  alone() {
    for (const other of players) if (other !== this) other.audio.pause();
  }

  // A re-entrant horn passes about 300 Hz to 6 kHz and rings in between.
  toggleHorn() {
    if (!this.context) {
      this.context = new AudioContext();
      this.source = this.context.createMediaElementSource(this.audio);
      this.filters = [["highpass", 350, 0], ["highpass", 350, 0], ["peaking", 1500, 7], ["lowpass", 5000, 0]].map(
        ([type, frequency, gain]) => new BiquadFilterNode(this.context, { type, frequency, gain }),
      );
      this.filters.reduce((from, to) => from.connect(to));
      this.filters.at(-1).connect(this.context.destination);
    }
    const isHorn = this.hornButton.getAttribute("aria-pressed") !== "true";
    this.hornButton.setAttribute("aria-pressed", String(isHorn));
    this.hornButton.classList.toggle("on", isHorn);
    this.source.disconnect();
    this.source.connect(isHorn ? this.filters[0] : this.context.destination);
    this.context.resume();
    if (this.audio.paused) this.play();
  }
}

// How much was heard of all that is on the page; the box is ticked when nothing is left out.
function tellHeard() {
  const line = document.querySelector("[data-heard]");
  if (!line) return;
  line.hidden = false;
  const seconds = players.reduce((sum, player) => sum + player.heardSeconds(), 0);
  document.querySelector("[data-heard-time]").textContent = clock(seconds);
  if (players.every((player) => player.isHeard())) document.querySelector("[data-heard-box]").checked = true;
}

class Waiting {
  constructor(roots) {
    this.roots = roots;
    this.address = roots[0].dataset.processing;
    this.later();
  }

  later() {
    setTimeout(() => this.ask(), 1000);
  }

  async ask() {
    try {
      const answer = await fetch(this.address, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      this.show((await answer.json()).processing);
    } catch {
      this.later();
    }
  }

  show(processing) {
    const isOver = this.roots.some((root) => !(root.dataset.version in processing));
    if (isOver && !isTyped()) {
      window.location.reload();
      return;
    }
    for (const root of this.roots) {
      const percent = processing[root.dataset.version] ?? 100; // done, and somebody is typing
      root.querySelector("[data-percent]").textContent = percent;
      root.querySelector("[data-bar]").setAttribute("width", `${percent}%`);
    }
    this.later();
  }
}

const players = [...document.querySelectorAll("[data-player]")].map((root) => new Player(root));
for (const player of players) {
  const around = player.audio.closest("[data-voice]") ?? document;
  for (const button of around.querySelectorAll("[data-hear-ms]")) {
    button.addEventListener("click", () => player.hear(Number(button.dataset.hearMs) / 1000 - 1));
  }
}
const waiting = [...document.querySelectorAll("[data-processing]")];
if (waiting.length) new Waiting(waiting);
