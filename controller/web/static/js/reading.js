// Below a text: how it will be read aloud, asked for anew whenever the text has changed.
const PAUSE_MS = 400;

function follow(shown) {
  const form = shown.closest("form");
  const field = form.querySelector("textarea[name=text]");
  let timer = 0;
  let running = null;

  async function ask() {
    running?.abort();
    running = new AbortController();
    const body = new URLSearchParams();
    for (const name of ["csrf_token", "text"]) body.append(name, form.elements[name].value);
    try {
      const answer = await fetch(shown.dataset.reading, { method: "POST", body, headers: { "X-Fragment": "1", Accept: "text/html" }, signal: running.signal });
      if (answer.ok) shown.innerHTML = await answer.text();
    } catch {
      // no network: what was shown stays, the voice reads what the centre is given anyway
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
}

document.querySelectorAll("[data-reading]").forEach(follow);
