// The live board: asks for what changed each 1.5 s while somebody looks, and swaps only those tiles.
// A page that draws more than tiles listens for "board:news", and says in data-seen what it shows already.
const PERIOD_MS = 1500;
const SPREAD_MS = 150; // pages that were answered together after a halt of the centre drift apart again
const pauseMs = () => PERIOD_MS + SPREAD_MS * (2 * Math.random() - 1);
const board = document.querySelector("[data-board]");
const part = (name) => document.querySelector(`[data-live="${name}"]`);
const stateLine = part("state");
const words = document.documentElement.lang === "en"
  ? { ago: (time) => `for ${time}`, units: ["d", "h", "min"], late: "No answer from the centre, trying again" }
  : { ago: (time) => `đã ${time}`, units: ["ngày", "giờ", "phút"], late: "Chưa nghe được trung tâm, đang thử lại" };

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

// The two largest units, as the tiles and lines say it.
function duration(minutes) {
  const parts = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  const said = parts.map((count, unit) => (count ? `${count}\u00a0${words.units[unit]}` : "")).filter(Boolean);
  return said.slice(0, 2).join(" ");
}

function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    const minutes = Math.floor((Date.now() - Date.parse(node.dataset.since)) / 60000);
    if (minutes >= 1) node.textContent = words.ago(duration(minutes));
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
