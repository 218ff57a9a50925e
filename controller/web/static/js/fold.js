// Escape closes the fold one is in and gives the focus back to what opened it, as menus do.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
  const fold = event.target.closest?.("details[open]");
  if (!fold) return;
  fold.open = false;
  fold.querySelector("summary").focus();
});
