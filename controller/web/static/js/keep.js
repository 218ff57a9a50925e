// What was typed into a form outlives a lost line. Known to be offline, the page sends nothing and
// says so; lost on the way, the form is filled in again when somebody opens it anew. A cookie tells
// which of the two it was: the centre takes it away with its answer (controller/web/answered.py).
const PLACE = "vang_sent";
const KEPT_S = 3600;
const KEPT = "textarea, select, input:not([type=hidden], [type=password], [type=file], [type=submit])";
const words = document.body.dataset;

function fieldsOf(form) {
  return [...form.elements].filter((one) => one.name && one.matches(KEPT));
}

function valueOf(field) {
  return field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value;
}

function say(sentence, before) {
  document.querySelector("[data-line-lost]")?.remove();
  const note = document.createElement("p");
  note.className = "note warn";
  note.dataset.lineLost = "";
  note.setAttribute("role", "alert");
  note.textContent = sentence;
  before.before(note);
  note.scrollIntoView({ block: "nearest" });
}

// A file goes in pieces and waits for the line by itself: see upload.js.
function waitsByItself(form, button) {
  const file = form.matches("[data-upload]") && form.querySelector("input[type=file]");
  return file && file.files.length > 0 && !(button && "plain" in button.dataset);
}

function remember(form) {
  const fields = fieldsOf(form).map((field) => [field.name, valueOf(field)]);
  const at = [...document.forms].indexOf(form);
  const mark = crypto.getRandomValues(new Uint32Array(2)).join("-");
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ mark, path: location.pathname, at, fields }));
    document.cookie = `${PLACE}=${mark}; path=/; max-age=${KEPT_S}; samesite=lax`;
  } catch {
    // no room, or none allowed: then the browser's own memory has to do
  }
}

// Before all others: what is not sent must not count as sent (once.js).
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.getAttribute("method") !== "post" || waitsByItself(form, event.submitter)) return;
    if (navigator.onLine) {
      remember(form);
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter ?? form.lastElementChild;
    say(words.offline, button.closest(".row") ?? button);
  },
  true,
);

window.addEventListener("online", () => document.querySelector("[data-line-lost]")?.remove());

function fill(form, fields) {
  const now = fieldsOf(form);
  if (now.length !== fields.length || now.some((field, n) => field.name !== fields[n][0])) return false;
  let isChanged = false;
  now.forEach((field, n) => {
    const value = fields[n][1];
    if (valueOf(field) === value) return;
    isChanged = true;
    if (typeof value === "boolean") field.checked = value;
    else field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return isChanged;
}

function forget() {
  sessionStorage.removeItem(PLACE);
  document.cookie = `${PLACE}=; path=/; max-age=0; samesite=lax`;
}

function comeBack() {
  const kept = JSON.parse(sessionStorage.getItem(PLACE));
  if (!kept) return;
  if (!document.cookie.split("; ").includes(`${PLACE}=${kept.mark}`)) sessionStorage.removeItem(PLACE);
  else if (kept.path === location.pathname) {
    const form = document.forms[kept.at];
    if (form && fill(form, kept.fields)) say(words.restored, form);
    forget();
  }
}

try {
  comeBack();
} catch {
  // no memory in this browser: the form is as the centre sent it
}
