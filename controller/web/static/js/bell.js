// The bell: asks for what changed while the page is looked at, and not for ever when nobody is there.
const bell = document.querySelector("[data-bell]");
const number = bell?.querySelector("[data-bell-count]");
const PERIOD_MS = 20000;
const AWAY_MS = 15 * 60000; // a desk that was left lets the session run out as if there were no bell
let timer = 0, lastHereAt = Date.now();

async function ask() {
  clearTimeout(timer);
  if (document.hidden || Date.now() - lastHereAt > AWAY_MS) return;
  try {
    const answer = await fetch(`${bell.dataset.bell}?tu=${bell.dataset.cursor}`, { headers: { Accept: "application/json" } });
    if (answer.redirected || answer.status === 401) return;
    if (answer.status === 200) show(await answer.json());
  } catch {
    // no answer: the number stays as it was, and is asked for again
  }
  timer = setTimeout(ask, PERIOD_MS);
}

function show(said) {
  bell.dataset.cursor = said.cursor;
  number.textContent = said.count || "";
  number.hidden = !said.count;
  bell.querySelector("[data-bell-words]").textContent = said.words;
  bell.classList.toggle("news", said.count > 0);
}

function here() {
  const wasAway = Date.now() - lastHereAt > AWAY_MS;
  lastHereAt = Date.now();
  if (wasAway) ask();
}

if (bell) {
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, here);
  document.addEventListener("visibilitychange", () => !document.hidden && ask());
  timer = setTimeout(ask, PERIOD_MS);
}
