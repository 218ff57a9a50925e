// Whether somebody has typed or chosen something on this page that is not sent yet: such a page is
// never loaded anew by itself.
const TEXTS = "main :is(textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=file]))";

export function isTyped() {
  if ([...document.querySelectorAll(TEXTS)].some((one) => one.value !== one.defaultValue)) return true;
  if ([...document.querySelectorAll("main input[type=file]")].some((one) => one.files.length)) return true;
  return [...document.querySelectorAll("main :is([type=checkbox], [type=radio])")].some((one) => one.checked !== one.defaultChecked);
}
