// A button that acts only when it is held: no pocket and no stray finger stops a loudspeaker.
function hold(button) {
  const words = button.querySelector("[data-hold-words]");
  words.textContent = words.dataset.holdWords;
  const holdMs = Number(button.dataset.holdMs);
  let timer = 0, isHeld = false;

  const begin = (event) => {
    if (event.type === "keydown" && ![" ", "Enter"].includes(event.key)) return;
    if (event.type === "keydown") event.preventDefault();
    if (timer) return;
    button.classList.add("holding");
    button.style.setProperty("--hold", `${holdMs}ms`);
    timer = setTimeout(() => { isHeld = true; button.form.requestSubmit(button); }, holdMs);
  };
  const end = () => { clearTimeout(timer); timer = 0; button.classList.remove("holding"); };

  for (const name of ["pointerdown", "keydown"]) button.addEventListener(name, begin);
  for (const name of ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"]) button.addEventListener(name, end);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.form.addEventListener("submit", (event) => { if (!isHeld) event.preventDefault(); isHeld = false; });
  if ("needsHold" in button.form.dataset) button.form.hidden = false; // where one click would be too little, it is shown to nobody without script
}

// Make the buttons of this part of the page work, those that came later too.
export function arm(root) {
  for (const button of root.querySelectorAll("[data-hold-ms]:not([data-armed])")) {
    button.dataset.armed = "1";
    hold(button);
  }
}

arm(document);
