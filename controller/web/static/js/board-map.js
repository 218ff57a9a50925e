// The board as a map: swaps marks and lines that changed; a mark that is pressed opens a card made of its lines.
const board = document.querySelector("[data-board]");
const card = document.querySelector("[data-card]");
const hint = card.innerHTML;
const REACH_PX = 26; // a finger covers what lies so near

let open = "";

const marks = () => [...board.querySelectorAll("a[data-mark]")];
const markOf = (key) => document.getElementById(`m-${key}`);
const linesOf = (key) => [...document.querySelectorAll(`.lines [data-of="${CSS.escape(key)}"]`)];

function parsed(html, inDrawing) {
  const template = document.createElement("template");
  template.innerHTML = inDrawing ? `<svg>${html.trim()}</svg>` : html.trim();
  return inDrawing ? template.content.firstElementChild.firstElementChild : template.content.firstElementChild;
}

function swap(old, fresh) {
  const hadFocus = document.activeElement === old;
  const isOther = old.classList[1] !== fresh.classList[1];
  old.replaceWith(fresh);
  if (isOther) fresh.classList.add("changed");
  if (hadFocus) fresh.focus({ preventScroll: true });
}

board.addEventListener("board:news", ({ detail: change }) => {
  for (const [key, html] of Object.entries(change.marks)) {
    const old = markOf(key);
    if (old) swap(old, parsed(html, true));
  }
  for (const [stationId, html] of Object.entries(change.lines)) {
    const old = document.getElementById(`r-${stationId}`);
    if (old) swap(old, parsed(html, false));
  }
  board.dataset.seen = change.seen;
  const isOpenChanged = Object.keys(change.lines).some((id) => document.getElementById(`r-${id}`)?.dataset.of === open);
  if (open && isOpenChanged) {
    const hadFocus = card.contains(document.activeElement);
    show(open);
    if (hadFocus) card.focus({ preventScroll: true });
  }
});

// Small communes lie under one finger: those whose sign is as near are offered too.
function near(key, at) {
  if (!at) return [];
  return marks()
    .map((mark) => {
      const box = mark.querySelector(".sg").getBoundingClientRect();
      return { key: mark.dataset.mark, far: Math.hypot(box.x + box.width / 2 - at.x, box.y + box.height / 2 - at.y) };
    })
    .filter((one) => one.key !== key && one.far <= REACH_PX)
    .sort((a, b) => a.far - b.far)
    .slice(0, 4)
    .map((one) => one.key);
}

function chip(key) {
  const [line] = linesOf(key);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.append(line.querySelector("svg").cloneNode(true), line.querySelector(".nm").textContent.trim());
  button.addEventListener("click", () => choose(key));
  return button;
}

let neighbours = [];

function show(key) {
  const lines = linesOf(key).filter((line) => !line.hidden);
  const shut = document.createElement("button");
  shut.type = "button";
  shut.className = "btn s shut";
  shut.textContent = card.dataset.close;
  shut.addEventListener("click", close);
  card.replaceChildren(shut, ...lines.map((line) => {
    const copy = line.cloneNode(true);
    copy.removeAttribute("id");
    copy.classList.remove("changed", "open");
    return copy;
  }));
  const others = neighbours.filter((one) => linesOf(one).length);
  if (others.length) {
    const row = document.createElement("div");
    row.className = "near";
    row.append(card.dataset.near, ...others.map(chip));
    card.append(row);
  }
  for (const mark of marks()) mark.classList.toggle("open", mark.dataset.mark === key);
}

function choose(key, at = null) {
  neighbours = near(key, at);
  open = key;
  show(key);
  const sign = markOf(key).querySelector(".sg").getBoundingClientRect();
  const top = card.getBoundingClientRect().top;
  if (getComputedStyle(card).position === "fixed" && sign.bottom > top - 40) scrollBy({ top: sign.bottom - top + 90 });
}

function close() {
  const mark = open && markOf(open);
  open = "";
  card.innerHTML = hint;
  for (const one of marks()) one.classList.remove("open");
  mark?.focus({ preventScroll: true });
}

board.addEventListener("click", (event) => {
  const mark = event.target.closest("a[data-mark]");
  if (!mark || event.ctrlKey || event.metaKey || event.shiftKey || !linesOf(mark.dataset.mark).length) return;
  event.preventDefault();
  choose(mark.dataset.mark, event.detail ? { x: event.clientX, y: event.clientY } : null);
  if (!event.detail) card.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && open) close();
});
