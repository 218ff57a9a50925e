// Keys of the approver's queue. Places of keys, not letters, so that no input method gets in between.
const box = document.querySelector("[data-keys]");
const on = document.querySelector("[data-keys-on]");
const KEPT = "vang-approval-keys"; // somebody who dictates or whose hand slips turns them off for good

function kept() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

const deeds = {
  Space: () => document.querySelector("[data-play]")?.click(),
  KeyD: () => document.querySelector("[data-key-approve]").requestSubmit(), // says what is missing
  KeyT: () => document.getElementById("f-reason").focus(),
  KeyJ: () => document.querySelector("[data-key-after]")?.click(),
  KeyK: () => document.querySelector("[data-key-before]")?.click(),
};

box.hidden = false;
on.checked = kept();
on.addEventListener("change", () => {
  try {
    localStorage.setItem(KEPT, on.checked ? "on" : "off");
  } catch {
    // a browser that keeps nothing asks again each time
  }
});
document.addEventListener("keydown", (event) => {
  const deed = deeds[event.code];
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const isPressed = event.code === "Space" && event.target.closest("a, button, input, summary, audio");
  if (!deed || !on.checked || isTyping || isPressed || event.repeat) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  event.preventDefault();
  deed();
});
