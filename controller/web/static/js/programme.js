// Items are dragged to their place by finger or mouse; the buttons beside them do it without.
const list = document.querySelector("[data-items]");

function numbered() {
  const items = [...list.querySelectorAll("[data-item]")];
  items.forEach((item, at) => {
    item.querySelector("[data-at]").textContent = at + 1;
    for (const button of item.querySelectorAll("button[name=do]"))
      button.value = button.value.replace(/\d+$/, at);
    item.querySelector("[data-up]").disabled = at === 0;
    item.querySelector("[data-down]").disabled = at === items.length - 1;
  });
}

function under(y, dragged) {
  for (const item of list.querySelectorAll("[data-item]")) {
    const box = item.getBoundingClientRect();
    if (item !== dragged && y < box.top + box.height / 2) return item;
  }
  return null;
}

function drag(event) {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button > 0) return;
  event.preventDefault();
  const item = grip.closest("[data-item]");
  item.classList.add("is-dragged");
  const move = (now) => list.insertBefore(item, under(now.clientY, item));
  const end = () => {
    item.classList.remove("is-dragged");
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    numbered();
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
}

if (list?.querySelector("[data-grip]")) {
  list.classList.add("can-drag");
  list.addEventListener("pointerdown", drag);
}

// every row can choose from the one list of bulletins; it gets it when somebody comes to choose
const shared = list?.parentElement.querySelector("[data-bulletins]")?.content ?? list?.querySelector("[data-full]");

function fill(event) {
  const select = event.target.closest?.("select[name=bulletin]");
  if (!select || !shared || "full" in select.dataset) return;
  select.dataset.full = "";
  const known = new Set([...select.options].map((option) => option.value));
  for (const option of shared.querySelectorAll("option"))
    if (!known.has(option.value)) select.append(option.cloneNode(true));
}

for (const name of ["focusin", "pointerover", "pointerdown"]) list?.addEventListener(name, fill);

// a chosen bulletin changes the length: the centre adds it up
list?.addEventListener("change", (event) => {
  if (event.target.name === "bulletin") list.closest("form").querySelector("button.vh").click();
});
