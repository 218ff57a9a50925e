// What the page as loaded cost: bytes of a first and of a later visit, requests, jumps.
async () => {
  const [page] = performance.getEntriesByType("navigation");
  const parts = performance.getEntriesByType("resource");
  const sum = (of) => [page, ...parts].reduce((total, part) => total + part[of], 0);
  const shift = await new Promise((done) => {
    let total = 0;
    const watch = new PerformanceObserver((seen) => {
      for (const jump of seen.getEntries()) if (!jump.hadRecentInput) total += jump.value;
    });
    watch.observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(total), 0);
  });
  return {
    first: sum("encodedBodySize"),
    later: sum("transferSize"),
    requests: 1 + parts.length,
    foreign: parts.filter((part) => new URL(part.name).origin !== location.origin).length,
    shift,
  };
}
