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
  return faults;
}
