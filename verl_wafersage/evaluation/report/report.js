"use strict";
(() => {
  const byId = (id) => document.getElementById(id);

  byId("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // The values of all curves at the step under the pointer.
  const tip = byId("tip");
  for (const svg of document.querySelectorAll("svg[data-chart]")) {
    if (!svg.dataset.chart) continue;
    const chart = JSON.parse(svg.dataset.chart);
    const steps = [...new Set(chart.lines.flatMap((line) => line.points.map(([x]) => x)))].sort((a, b) => a - b);
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
    cursor.setAttribute("class", "cursor");
    cursor.setAttribute("y1", chart.top);
    cursor.setAttribute("y2", chart.bottom);
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      const [low, high] = chart.x;
      const wanted = low + ((at - chart.left) / (chart.right - chart.left)) * (high - low);
      const step = steps.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));
      const x = chart.left + ((step - low) / (high - low || 1)) * (chart.right - chart.left);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      svg.append(cursor);
      const values = chart.lines.flatMap((line) => {
        const point = line.points.find(([px]) => px === step);
        return point ? [`${line.name}  ${point[1]}`] : [];
      });
      tip.textContent = [`step ${step}`, ...values].join("\n");
      tip.hidden = false;
      const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
      tip.style.left = `${left}px`;
      tip.style.top = `${event.clientY + 14}px`;
    });
    svg.addEventListener("pointerleave", () => { tip.hidden = true; cursor.remove(); });
  }

  // The table of answers: filter, order, page.
  const form = byId("filters");
  if (!form) return;
  const list = byId("list"), more = byId("more"), count = byId("count"), page = 25;
  const rows = [...list.children];
  const words = rows.map((row) => row.querySelector(".body").textContent.toLowerCase());
  let limit = page;
  const kinds = {
    wrong: (row) => Number(row.dataset.score) < 0.5,
    false: (row) => row.dataset.false === "1",
    gap: (row) => Number(row.dataset.gap) >= 0.3,
  };
  const show = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const terms = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row, i) =>
      ["split", "step", "dimension", "level"].every((key) => !wanted[key] || row.dataset[key] === wanted[key]) &&
      (!wanted.kind || kinds[wanted.kind](row)) && terms.every((term) => words[i].includes(term));
    const found = rows.filter(fits);
    const sign = { up: 1, down: -1 }[wanted.order];
    const ordered = sign ? [...found].sort((a, b) => sign * (a.dataset.score - b.dataset.score)) : found;
    const shown = new Set(ordered.slice(0, limit));
    for (const row of rows) row.hidden = !shown.has(row);
    list.append(...ordered);
    count.textContent = `${found.length} of ${rows.length} answers`;
    more.hidden = found.length <= limit;
  };
  form.addEventListener("input", () => { limit = page; show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += page; show(); });
  show();
})();
