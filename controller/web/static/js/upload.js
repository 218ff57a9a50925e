// Sends a form with a file: first the file in pieces, going on where a bad line broke off, then the
// fields. Without script the form works as it is.
const MB = 1e6;
const numbers = new Intl.NumberFormat(document.documentElement.lang === "en" ? "en-GB" : "vi-VN", { maximumFractionDigits: 1 });

function filled(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_whole, name) => values[name]);
}

const SMALLEST = 128 * 1024;
const LARGEST = 4 * 1024 * 1024;

class RefusedError extends Error {
  constructor(sentence, field) {
    super(sentence);
    this.field = field;
  }
}

// Answers of the centre as JSON; a refusal is thrown as such, a broken line as whatever fetch throws.
class Centre {
  constructor(words) {
    this.words = words;
    this.token = document.querySelector('meta[name="csrf-token"]').content;
  }

  async ask(method, address, body, isRenewed = false) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.token };
    const answer = await fetch(address, { method, body, headers });
    if (answer.status === 400 && !isRenewed) {
      await this.renew(body);
      return this.ask(method, address, body, true);
    }
    if (answer.status === 401) throw new RefusedError(this.words.signedOut);
    if (answer.status >= 502 && answer.status <= 504) throw new Error("away");
    const told = await answer.json();
    if (answer.ok || (answer.status === 409 && "received" in told)) return told;
    throw new RefusedError(told.sentence || this.words.failed, told.field);
  }

  // Somebody who signed in again in another tab has a new token; the text typed here stays.
  async renew(body) {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    this.token = page.querySelector('meta[name="csrf-token"]').content;
    if (body instanceof FormData) body.set("csrf_token", this.token);
  }
}

// One file on its way; `told` hears (bytes received, whether the line is broken).
class Transfer {
  constructor(file, centre, address, told) {
    Object.assign(this, { file, centre, address, told });
    this.piece = SMALLEST * 4;
    this.wait_ms = 1000;
  }

  async run() {
    const begin = `${this.address}?co=${this.file.size}`;
    const token = (await this.patiently(() => this.centre.ask("POST", begin))).token;
    const address = `${this.address}/${token}`;
    let received = 0;
    while (received < this.file.size) {
      this.told(received, false);
      received = await this.sendPiece(address, received);
    }
    this.told(received, false);
    return token;
  }

  async sendPiece(address, offset) {
    const began = performance.now();
    try {
      const body = this.file.slice(offset, offset + this.piece);
      const answer = await this.centre.ask("PUT", `${address}?tu=${offset}`, body);
      this.adapt(performance.now() - began);
      return answer.received;
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      this.piece = SMALLEST;
      this.told(offset, true);
      return (await this.patiently(() => this.centre.ask("GET", address))).received;
    }
  }

  // Pieces of about a second: a fast line is not slowed by asking, a slow one shows that it moves.
  adapt(took_ms) {
    if (took_ms < 500) this.piece = Math.min(LARGEST, this.piece * 2);
    if (took_ms > 2000) this.piece = Math.max(SMALLEST, Math.floor(this.piece / 2));
    this.wait_ms = 1000;
  }

  async patiently(work) {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof RefusedError) throw error;
        await this.pause();
      }
    }
  }

  pause() {
    const wait_ms = this.wait_ms;
    this.wait_ms = Math.min(15000, wait_ms * 2);
    return new Promise((go) => {
      window.addEventListener("online", go, { once: true });
      setTimeout(go, wait_ms);
    });
  }
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

  async send(body) {
    const file = this.input.files[0];
    const centre = new Centre(this.words);
    this.lock(true);
    this.progress.hidden = false;
    try {
      const transfer = new Transfer(file, centre, this.words.pieces, (received, isLost) => this.show(file, received, isLost));
      const token = await transfer.run();
      this.say(this.words.received);
      body.delete("sound");
      body.set("uploaded", token);
      body.set("uploaded_name", file.name);
      const answer = await transfer.patiently(() => centre.ask("POST", this.form.action, body));
      window.location.assign(answer.location);
    } catch (error) {
      this.failed(error instanceof RefusedError ? error.message : this.words.failed, error.field);
    }
  }

  show(file, received, isLost) {
    const percent = Math.floor((100 * received) / file.size);
    this.bar.setAttribute("width", `${percent}%`);
    const sentence = isLost ? this.words.lost : this.words.sending;
    this.say(filled(sentence, { percent, sent: numbers.format(received / MB), size: numbers.format(file.size / MB) }));
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
