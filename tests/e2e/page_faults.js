// What is wrong with the page as it stands: a list of words, empty when nothing is.
() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)].filter((e) => shown(e));
  const shown = (e) => e.checkVisibility({ visibilityProperty: true });
  const said = (e) => e.textContent.trim();
  const named = (e) =>
    e.labels?.length || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby");

  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) faults.push(`wider than the screen: ${page.scrollWidth}`);
  for (const e of all("input:not([type=hidden]), select, textarea"))
    if (!named(e)) faults.push(`no label: ${e.name}`);
  for (const e of all("button, a[href]"))
    if (!said(e) && !named(e)) faults.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  for (const e of all("svg use"))
    if (!e.getBoundingClientRect().width) faults.push(`no icon: ${e.getAttribute("href")}`);
  for (const e of document.querySelectorAll("[style]")) faults.push(`style attribute: ${e.tagName}`);
  if (innerWidth < 760)
    for (const e of all(".btn, .chip, .dock a, .inp"))
      if (e.getBoundingClientRect().height < 43.5) faults.push(`too small to press: ${said(e) || e.name}`);

  // What style sheets put elsewhere is come to by keyboard and read out there, too.
  const focusable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const isMet = (e) => [e, ...e.querySelectorAll(focusable)].some((one) => one.matches(focusable) && shown(one));
  const laid = (e) => [...e.children].flatMap((one) => (getComputedStyle(one).display === "contents" ? laid(one) : [one]));
  const boxOf = (e) => (getComputedStyle(e).display === "contents" ? boxOf(e.parentElement) : e);
  const moved = [...document.querySelectorAll("main *")].filter((e) => getComputedStyle(e).order !== "0");
  for (const box of new Set(moved.map((e) => boxOf(e.parentElement)))) {
    if (!/flex|grid/.test(getComputedStyle(box).display)) continue;
    if (box.matches(".onebyone")) continue; // a bulletin's tools stand before its decision in one column
    const isFlat = laid(box).every((e) => e.parentElement === box); // browsers look no deeper
    const orders = laid(box).filter(isMet).map((e) => Number(getComputedStyle(e).order));
    const isAsSeen = orders.every((order, at) => at === 0 || orders[at - 1] <= order);
    if (!isAsSeen && !(isFlat && getComputedStyle(box).readingFlow !== "normal")) faults.push(`focus goes another way than the eye: ${box.className}`);
  }
  return faults;
}
