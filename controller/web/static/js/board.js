// The live board: asks for what changed each 1.5 s while somebody looks, and swaps only those tiles.
// A page that draws more than tiles listens for "board:news", and says in data-seen what it shows already.
const PERIOD_MS = 1500;
const SPREAD_MS = 150; // pages that were answered together after a halt of the centre drift apart again
const pauseMs = () => PERIOD_MS + SPREAD_MS * (2 * Math.random() - 1);
const board = document.querySelector("[data-board]");
const part = (name) => document.querySelector(`[data-live="${name}"]`);
const stateLine = part("state");
const words = document.documentElement.lang === "en"
  ? { ago: (m) => (m < 60 ? `${m} min` : `${Math.floor(m / 60)} h ${m % 60} min`), late: "No answer from the centre, trying again" }
  : { ago: (m) => (m < 60 ? `đã ${m} phút` : `đã ${Math.floor(m / 60)} giờ ${m % 60} phút`), late: "Chưa nghe được trung tâm, đang thử lại" };

let cursor = Number(board.dataset.cursor);
let version = board.dataset.version;
let timer = 0;

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

function swapTiles(tiles) {
  for (const [stationId, html] of Object.entries(tiles)) {
    const old = document.getElementById(`t-${stationId}`);
    if (!old) continue;
    const fresh = parsed(html);
    const hadFocus = document.activeElement === old;
    const sameLook = old.className === fresh.className;
    old.replaceWith(fresh);
    if (!sameLook) fresh.classList.add("changed");
    if (hadFocus) fresh.focus();
  }
}

function swapText(selector, values, key) {
  for (const node of document.querySelectorAll(selector)) {
    const value = values[node.dataset[key]];
    if (value !== undefined && node.textContent !== String(value)) node.textContent = value;
  }
}

function swapPart(name, html) {
  const node = part(name);
  if (node.dataset.last === html) return;
  node.dataset.last = html;
  node.innerHTML = html;
}

function take(change) {
  cursor = change.cursor;
  version = change.version;
  swapTiles(change.tiles ?? {});
  board.dispatchEvent(new CustomEvent("board:news", { detail: change }));
  swapText("[data-district]", change.districts, "district");
  swapText("[data-filter]", change.filters, "filter");
  swapPart("summary", change.summary);
  swapPart("legend", change.legend);
}

function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    const minutes = Math.floor((Date.now() - Date.parse(node.dataset.since)) / 60000);
    if (minutes >= 1) node.textContent = words.ago(minutes);
  }
}

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const address = new URL(board.dataset.changes, location.href);
    address.searchParams.set("tu", cursor);
    address.searchParams.set("ban", version);
    if (board.dataset.seen) address.searchParams.set("dau", board.dataset.seen);
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.redirected) {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    if (answer.status === 200) take(await answer.json()); // 204: nothing is new
    stateLine.classList.remove("stale");
    part("at").textContent = new Date().toLocaleTimeString("vi-VN", { timeZone: "Asia/Ho_Chi_Minh", hour12: false });
  } catch {
    stateLine.classList.add("stale");
    part("at").textContent = words.late;
  }
  tick();
  timer = setTimeout(poll, pauseMs());
}

document.addEventListener("visibilitychange", poll);
timer = setTimeout(poll, pauseMs());
