// Sends a form with a file and shows how far it has come. Without script the form works as it is.
const MB = 1e6;
const numbers = new Intl.NumberFormat(document.documentElement.lang === "en" ? "en-GB" : "vi-VN", { maximumFractionDigits: 1 });

function filled(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_whole, name) => values[name]);
}

class UploadForm {
  constructor(form) {
    this.form = form;
    this.words = form.dataset;
    this.input = form.querySelector('input[type="file"]');
    this.field = form.querySelector("[data-file-field]");
    this.line = form.querySelector("[data-says]");
    this.progress = form.querySelector("[data-progress]");
    this.bar = form.querySelector("[data-progress] [data-bar]");
    this.input.addEventListener("change", () => this.check());
    form.addEventListener("submit", (event) => this.submit(event));
  }

  say(sentence, isBad = false) {
    this.line.textContent = sentence;
    this.line.classList.toggle("bad", isBad);
    this.field.classList.toggle("bad", isBad);
  }

  check() {
    const file = this.input.files[0];
    const limit = Number(this.words.limitBytes);
    if (!file || file.size <= limit) {
      if (file) this.say(`${file.name}, ${numbers.format(file.size / MB)} MB`);
      return true;
    }
    this.say(filled(this.words.tooLarge, { size: Math.round(file.size / MB), limit: limit / MB }), true);
    return false;
  }

  submit(event) {
    const plain = event.submitter && "plain" in event.submitter.dataset;
    if (plain || !this.input.files.length) return;
    event.preventDefault();
    if (this.check()) this.send(new FormData(this.form, event.submitter));
  }

  send(body) {
    const request = new XMLHttpRequest();
    request.open("POST", this.form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => this.show(event));
    request.addEventListener("load", () => this.answered(request));
    request.addEventListener("error", () => this.failed(this.words.lost));
    this.lock(true);
    this.progress.hidden = false;
    request.send(body);
  }

  show(event) {
    if (!event.lengthComputable) return;
    const percent = Math.floor((100 * event.loaded) / event.total);
    this.bar.setAttribute("width", `${percent}%`);
    const size = numbers.format(event.total / MB);
    this.say(percent < 100 ? filled(this.words.sending, { percent, sent: numbers.format(event.loaded / MB), size }) : this.words.received);
  }

  answered(request) {
    const answer = request.response || {};
    if (request.status === 200 && answer.location) {
      window.location.assign(answer.location);
      return;
    }
    if (request.status === 401) this.failed(this.words.signedOut);
    else this.failed(answer.sentence || this.words.failed, answer.field);
  }

  failed(sentence, fieldName = "sound") {
    this.lock(false);
    this.progress.hidden = true;
    this.say(sentence, true);
    const culprit = this.form.elements.namedItem(fieldName || "sound");
    if (culprit && culprit.focus) culprit.focus();
  }

  lock(isLocked) {
    for (const button of this.form.querySelectorAll("button")) button.disabled = isLocked;
    this.form.setAttribute("aria-busy", String(isLocked));
  }
}

for (const form of document.querySelectorAll("form[data-upload]")) new UploadForm(form);
