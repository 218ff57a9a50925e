// Records from the microphone into the file field beside it, or that of its form: the level is shown while somebody
// speaks, what was recorded can be heard and made again, and is sent as any other file.
const KINDS = [
  ["audio/webm;codecs=opus", "webm"],
  ["audio/mp4", "m4a"],
  ["audio/ogg;codecs=opus", "ogg"],
];
const LOOK_MS = 100;
const QUIET_DBFS = -40;
const LOUD_DBFS = -1;
const JUDGE_AFTER_S = 3;

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

function decibels(level) {
  return 20 * Math.log10(Math.max(level, 1e-5));
}

// How loud the microphone is: the peak of the last moment, and the loudest moment so far.
class Level {
  constructor(stream) {
    this.context = new AudioContext();
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 4096;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.loudest = -100;
  }

  look() {
    this.analyser.getFloatTimeDomainData(this.samples);
    const now = decibels(this.samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0));
    this.loudest = Math.max(this.loudest, now);
    return now;
  }

  close() {
    this.context.close();
  }
}

class Recorder {
  constructor(root) {
    this.words = root.dataset;
    this.input = (root.closest("[data-recording]") ?? root.closest("form")).querySelector('input[type="file"]');
    for (const name of ["start", "stop", "time", "bar", "meter", "audio", "says"]) this[name] = root.querySelector(`[data-rec-${name}]`);
    this.kind = KINDS.find(([type]) => window.MediaRecorder?.isTypeSupported(type));
    this.isUnsent = false;
    this.start.addEventListener("click", () => this.begin());
    this.stop.addEventListener("click", () => this.recorder.stop());
    root.closest("form").addEventListener("submit", () => (this.isUnsent = false));
    window.addEventListener("beforeunload", (event) => this.isUnsent && event.preventDefault());
    root.hidden = false;
  }

  say(sentence, isBad = false) {
    this.says.textContent = sentence;
    this.says.classList.toggle("bad", isBad);
  }

  async begin() {
    if (!window.isSecureContext) return this.say(this.words.unsafe, true);
    if (!this.kind) return this.say(this.words.unable, true);
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    } catch (error) {
      return this.say(error.name === "NotFoundError" ? this.words.missing : this.words.denied, true);
    }
    this.pieces = [];
    this.level = new Level(this.stream);
    this.recorder = new MediaRecorder(this.stream, { mimeType: this.kind[0], audioBitsPerSecond: 96000 });
    this.recorder.addEventListener("dataavailable", (event) => this.pieces.push(event.data));
    this.recorder.addEventListener("stop", () => this.finish());
    this.recorder.start(1000);
    this.began = performance.now();
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.show(true);
    this.say(this.words.speak);
  }

  show(isRecording) {
    this.start.hidden = isRecording;
    this.stop.hidden = this.time.hidden = this.meter.hidden = !isRecording;
    if (isRecording) this.audio.hidden = true;
  }

  look() {
    const seconds = (performance.now() - this.began) / 1000;
    const now = this.level.look();
    this.time.textContent = clock(seconds);
    this.bar.setAttribute("width", `${Math.round(Math.min(100, Math.max(0, (now + 60) * (100 / 60))))}%`);
    if (this.level.loudest > LOUD_DBFS) this.say(this.words.loud, true);
    else if (seconds > JUDGE_AFTER_S && this.level.loudest < QUIET_DBFS) this.say(this.words.quiet, true);
    else this.say(this.words.speak);
    if (seconds >= Number(this.words.longestS)) this.recorder.stop();
  }

  finish() {
    clearInterval(this.timer);
    this.level.close();
    for (const track of this.stream.getTracks()) track.stop();
    this.show(false);
    this.start.lastElementChild.textContent = this.words.again;
    const [type, ending] = this.kind;
    const at = new Date().toISOString().slice(0, 16).replace("T", " ").replace(":", ".");
    const file = new File(this.pieces, `${this.words.name} ${at}.${ending}`, { type: type.split(";")[0] });
    const carrier = new DataTransfer();
    carrier.items.add(file);
    this.input.files = carrier.files;
    this.input.dispatchEvent(new Event("change"));
    URL.revokeObjectURL(this.audio.src);
    this.audio.src = URL.createObjectURL(file);
    this.audio.hidden = false;
    this.isUnsent = true;
    this.say(this.words.listen);
  }
}

for (const root of document.querySelectorAll("[data-recorder]")) new Recorder(root);
