// What a pointer, or a key, on a mark is told. Arrow keys go from mark to mark; what they reach is also
// said to a screen reader.
const pointed = document.getElementById("pointed");

function told(row, spec) {
  const lines = row.index !== undefined ? learned(row) : row.x === undefined ? measured(row, spec) : [
    `manifold ${row.manifold} at ${digits(row.x)}, ${digits(row.y)}`,
    `standard deviation: ${digits(row.spread)} (in norms of the centres)`,
  ];
  for (const column of ["layer", "epoch", "k", "kind", "scheme", "part", "batch_norm"]) {
    if (row[column] === undefined) continue;
    const value = column === "epoch" ? when(row) : content.texts[row[column]] ?? row[column];
    lines.push(`${content.names[column]}: ${value}`);
  }
  const whose = row.seed === content.mean ? `mean of ${row.seeds} seeds` : `seed ${row.seed}`;
  lines.push(`width ${row.width}, label noise ${row.noise}, ${whose}`);
  if (row.chosen) lines.push("the number that is removed");
  for (const warning of row.warnings.split("\n").filter(Boolean).slice(0, 3)) lines.push(`warning: ${warning}`);
  lines.push(`file: ${row.experiment}/${row.file}`);
  return lines;
}

function learned(row) {
  const epoch = (value) => (value === null ? "never" : `after epoch ${value}`);
  return [
    `image ${row.index}: ${row.group}`,
    `assigned label ${row.assigned_label}, true label ${row.true_label}`,
    `first right ${epoch(row.first_learned)}, last learned ${epoch(row.last_learned)}`,
    `forgotten ${row.forgetting_events} times`,
    ...(row.suffix_layer ? [`forgotten when ${row.suffix_layer} and all after it are rewound`] : []),
  ];
}

function measured(row, { metric, scale }) {
  const number = row.value === null ? "not a number" : `${digits(row.value * scale)} ${metric.unit}`.trim();
  const ends = row.hi === null ? "not known"
    : row.lo === null ? `at most ${digits(row.hi * scale)}` : `${digits(row.lo * scale)} to ${digits(row.hi * scale)}`;
  return [`${metric.label}: ${number}`, `interval: ${ends}`];
}

// The epoch that was asked for, with its number where it was asked for by name.
function when(row) {
  if (/^\d+$/.test(row.epoch)) return row.epoch;
  return `${row.epoch} (${row.seed === content.mean ? "on average " : ""}${digits(row.at)})`;
}

function pointing(svg, marks, spec) {
  const look = { fill: "none", stroke: "#d00000", "stroke-width": 2, "pointer-events": "none" };
  const ring = node("circle", { r: 8, visibility: "hidden", ...look });
  svg.append(ring);
  let current = -1;
  const show = (i, spoken) => {
    current = i;
    const mark = marks[i], box = svg.getBoundingClientRect(), zoom = box.width / svg.viewBox.baseVal.width;
    ring.setAttribute("cx", mark.x);
    ring.setAttribute("cy", mark.y);
    ring.setAttribute("visibility", "visible");
    const lines = told(mark.row, spec);
    pointed.replaceChildren(...lines.map((line) => element("div", line)));
    pointed.hidden = false;
    const x = box.left + mark.x * zoom, y = box.top + mark.y * zoom;
    const flipped = x + 14 + pointed.offsetWidth > document.documentElement.clientWidth;
    pointed.style.left = `${Math.max(4, flipped ? x - 14 - pointed.offsetWidth : x + 14)}px`;
    pointed.style.top = `${Math.max(4, Math.min(y + 14, innerHeight - pointed.offsetHeight - 4))}px`;
    if (spoken) say(lines.join(", "));
  };
  const hide = () => {
    pointed.hidden = true;
    ring.setAttribute("visibility", "hidden");
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), zoom = box.width / svg.viewBox.baseVal.width;
    const i = nearest(marks, (event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom);
    if (i < 0) hide();
    else show(i, false);
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Escape") hide();
    if (!way || !marks.length) return;
    event.preventDefault();
    show(current < 0 ? 0 : towards(marks, current, way), true);
  });
}

// The mark whose cell holds a place, or the nearest one within 24 pixels; -1 for none.
function nearest(marks, x, y) {
  let best = -1, least = 24;
  marks.forEach((mark, i) => {
    const dx = Math.abs(mark.x - x), dy = Math.abs(mark.y - y);
    const away = mark.halfWidth ? (dx <= mark.halfWidth && dy <= mark.halfHeight ? 0 : Infinity) : Math.hypot(dx, dy);
    if (away < least) [best, least] = [i, away];
  });
  return best;
}

// The next mark in a direction: the one ahead that is least far, and least far aside.
function towards(marks, from, [dx, dy]) {
  let best = from, least = Infinity;
  marks.forEach((mark, i) => {
    const ahead = (mark.x - marks[from].x) * dx + (mark.y - marks[from].y) * dy;
    const aside = Math.abs((mark.x - marks[from].x) * dy) + Math.abs((mark.y - marks[from].y) * dx);
    if (ahead > 0.5 && ahead + 4 * aside < least) [best, least] = [i, ahead + 4 * aside];
  });
  return best;
}
