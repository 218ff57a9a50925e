// The right half of the schedule form is asked for anew whenever a field has changed.
const form = document.querySelector("#dat-lich");
const shown = document.querySelector("#xem-truoc");
const PAUSE_MS = 350;
let timer = 0;
let running = null;

// Somebody signed in again in another tab: the form takes over the token of that session.
async function renew() {
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  form.elements.csrf_token.value = page.querySelector('meta[name="csrf-token"]').content;
}

function say(sentence) {
  shown.querySelector("[data-signed-out]")?.remove();
  const note = document.createElement("p");
  note.className = "note warn";
  note.dataset.signedOut = "";
  note.textContent = `${sentence} `;
  const door = document.createElement("a");
  Object.assign(door, { href: form.dataset.door, target: "_blank", textContent: form.dataset.doorWord });
  note.append(door);
  shown.prepend(note);
}

async function ask(extra = {}, isRenewed = false) {
  running?.abort();
  running = new AbortController();
  const body = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(extra)) body.append(name, value);
  shown.classList.add("is-waiting");
  try {
    const answer = await fetch(form.dataset.preview, {
      method: "POST",
      body,
      headers: { "X-Fragment": "1", Accept: "text/html" },
      signal: running.signal,
    });
    if (answer.status === 401) {
      say(form.dataset.signedOut); // nothing typed is given up for a preview
      return;
    }
    if (answer.status === 400 && !isRenewed) {
      await renew();
      return ask(extra, true);
    }
    if (answer.ok || answer.status === 422) shown.innerHTML = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    return; // no network: what was shown stays, saving asks the centre anyway
  } finally {
    shown.classList.remove("is-waiting");
  }
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE_MS);
}

// a way out changes the field itself, so that the page says what will be saved
function take(button) {
  if (button.name === "move_to") form.elements.airs_at.value = button.value;
  if (button.name === "leave_out") {
    const [year, month, day] = button.value.split("-");
    const field = form.elements.excluded;
    field.value = [field.value.trim(), `${day}/${month}/${year}`].filter(Boolean).join(", ");
  }
  ask();
}

// what somebody is mending is no longer marked as wrong; the centre says so again if it is
function unmark(field) {
  const box = field.closest(".field.bad");
  if (!box) return;
  box.classList.remove("bad");
  box.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  box.querySelector(".help.bad")?.remove();
}

if (form && shown) {
  form.addEventListener("input", (event) => {
    unmark(event.target);
    later();
  });
  form.addEventListener("change", later);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-way]");
    if (!button) return;
    event.preventDefault();
    take(button);
  });
}
