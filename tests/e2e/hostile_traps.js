// Put into every page before its own scripts: what must never happen is counted in window.sprung.
(() => {
  const sprung = (window.sprung = []);
  for (const name of ["alert", "confirm", "prompt", "print", "open", "msgbox"])
    window[name] = (...words) => sprung.push(`${name}(${words.join()})`);
  document.addEventListener("securitypolicyviolation", (event) =>
    sprung.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
  );
  window.addEventListener("error", (event) => sprung.push(`error: ${event.message}`));

  // Elements and attributes no page of ours has (but a photo of equipment, and the choices of a programme
  // that wait for a script); asked for when the page stands.
  const FOREIGN =
    "iframe, frame, object, embed, base, style, template:not([data-bulletins]), dialog, marquee, math, foreignObject," +
    "animate, set, svg script, meta[http-equiv], img:not([src^='/dai/']), video, body body, form form," +
    "script:not([src^='/static/']), link:not([href^='/static/'])";
  const LEADS = ["href", "src", "action", "formaction", "data", "poster", "xlink:href"];

  window.foreign = () => {
    const found = [...document.querySelectorAll(FOREIGN)].map((one) => one.outerHTML.slice(0, 120));
    for (const one of document.querySelectorAll("*")) {
      for (const { name, value } of one.attributes) {
        const leads = LEADS.includes(name) && !/^(tel:|blob:|#)/.test(value) && new URL(value, location.href).origin !== location.origin;
        if (name.startsWith("on") || name === "style" || name === "srcdoc" || leads)
          found.push(`${one.tagName} ${name}=${value.slice(0, 80)}`);
      }
    }
    return found;
  };
})();
