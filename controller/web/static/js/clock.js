// The clock of the top bar: the centre's time, kept ticking from the moment the page was made.
const face = document.querySelector("[data-clock]");
const dayFace = document.querySelector("[data-clock-day]");

if (face) {
  const madeAt = Date.parse(face.dataset.clock);
  const loadedAt = performance.now();
  const language = document.documentElement.lang;
  const zone = { timeZone: "Asia/Ho_Chi_Minh" };
  const time = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const date = new Intl.DateTimeFormat("en-GB", { ...zone, day: "2-digit", month: "2-digit", year: "numeric" });
  const weekday = new Intl.DateTimeFormat(language === "en" ? "en-GB" : "vi-VN", { ...zone, weekday: "long" });
  let shownDay = "";

  const tick = () => {
    const now = new Date(madeAt + (performance.now() - loadedAt));
    face.textContent = time.format(now);
    const day = date.format(now);
    if (shownDay && day !== shownDay && dayFace) {
      const name = weekday.format(now);
      dayFace.textContent = `${name[0].toUpperCase()}${name.slice(1)} ${day}`;
    }
    shownDay = day;
    setTimeout(tick, 1000 - now.getMilliseconds());
  };
  tick();
}
