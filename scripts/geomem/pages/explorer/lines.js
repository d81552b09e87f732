// Lines over layers, epochs or directions removed. Open marks have a warning, triangles are beyond the
// axes; the lines' names stand at their ends.
function lineChart(width, { rows, x, lines, names, title, details, unit, scale, references = [], rules = [] }, theme) {
  const scaled = inUnit(rows, scale);
  const series = names[lines].filter((name) => rows.some((row) => row[lines] === name));
  const label = (name) => (/^\d/.test(name) ? `${content.names[lines]} ${name}` : content.texts[name] ?? name);
  const range = rangeOf(scaled, references.map((one) => one.value * scale));
  const levels = ticks(range, 6);
  const labels = [...series.map(label), ...references.map((one) => one.label)];
  const heading = headingOf(title, details, width);
  const left = 30 + Math.max(...levels.map((tick) => widthOf(tick.text)));
  const right = 26 + Math.min(190, Math.max(...labels.map((name) => widthOf(name))));
  const top = 17 * heading.length + 12, tall = tallFor(width);
  const box = { left, right: width - right, top, bottom: top + tall };
  const horizontal = x === "layer" ? overNames(box, rows, names.layer, x) : overNumbers(box, rows, x);
  const svg = picture(width, box.bottom + horizontal.below, heading, theme);
  const yOf = (value) => box.bottom - tall * (value - range[0]) / (range[1] - range[0]);

  for (const tick of levels) {
    const y = yOf(tick.value);
    svg.append(lineOf(left, y, box.right, y, { stroke: theme.grid }));
    svg.append(text(tick.text, left - 6, y + 4, theme, { "text-anchor": "end" }));
  }
  svg.append(...horizontal.labels(theme));
  svg.append(node("path", { d: `M${left} ${top}V${box.bottom}H${box.right}`, fill: "none", stroke: theme.soft }));
  svg.append(axisName(content.names[x], (left + box.right) / 2, box.bottom + horizontal.below - 6, theme));
  svg.append(axisName(unit, 12, (top + box.bottom) / 2, theme, true));
  for (const rule of rules) {
    const at = horizontal.place(rule.row);
    svg.append(lineOf(at, top, at, box.bottom, { stroke: theme.soft, "stroke-dasharray": "2 3" }));
    svg.append(text(rule.label, at + 4, top + 10, theme, { fill: theme.soft }));
  }

  const colors = seriesColors(lines, series, theme), marks = [], ends = [];
  series.forEach((name, n) => {
    const shift = (n - (series.length - 1) / 2) * Math.min(4, 0.5 * horizontal.step / series.length);
    const points = scaled.filter((row) => row[lines] === name && row.value !== null)
      .map((row) => ({ row, x: horizontal.place(row) + shift, y: yOf(row.value), color: colors[name] }))
      .sort((a, b) => a.x - b.x);
    if (!points.length) return;
    const { step } = horizontal;
    drawSeries(svg, points, { ...box, yOf, step, dense: !step && points.length > 25 }, theme);
    marks.push(...points.map((mark) => ({ x: mark.x, y: within(mark.y, box), row: mark.row.source })));
    ends.push({ x: points.at(-1).x, y: within(points.at(-1).y, box), label: label(name), color: colors[name] });
  });
  for (const one of references) {
    const y = yOf(one.value * scale);
    svg.append(lineOf(left, y, box.right, y, { stroke: theme.ink, "stroke-dasharray": "6 3" }));
    ends.push({ y, label: one.label, color: theme.ink, always: true });
  }
  svg.append(...namesAtEnds(ends, box, theme));
  return { svg, marks };
}

// As much of the window as the menus and the other texts leave, in proportion to the width.
function tallFor(width) {
  return Math.round(Math.max(300, Math.min(0.6 * width, innerHeight - 330, 560)));
}

function within(y, { top, bottom }) {
  return Math.max(top, Math.min(bottom, y));
}

// The horizontal axis for names, a step each.
function overNames({ left, right, bottom }, rows, names, x) {
  const shown = names.filter((name) => rows.some((row) => row[x] === name));
  const step = (right - left) / shown.length, middle = (i) => left + step * (i + 0.5);
  return {
    step,
    below: roomBelow(shown, step) + 20,
    place: (row) => middle(shown.indexOf(row[x])),
    labels: (theme) => namesBelow(shown, middle, bottom, step, theme),
  };
}

// The horizontal axis for numbers.
function overNumbers({ left, right, bottom }, rows, x) {
  const numberOf = (row) => (x === "epoch" ? row.at : Number(row[x]));
  const numbers = rows.map(numberOf), first = Math.min(...numbers), last = Math.max(...numbers);
  const at = (number) => left + (right - left) * (0.02 + 0.96 * (number - first) / (last - first || 1));
  return {
    step: 0,
    below: 40,
    place: (row) => at(numberOf(row)),
    // Epochs and directions are whole numbers.
    labels: (theme) => ticks([first, last > first ? last : first + 1], 8).map((tick) => tick.value)
      .filter((value) => at(value) <= right && Math.abs(value - Math.round(value)) < 1e-9)
      .map((value) => text(Math.round(value), at(value), bottom + 15, theme, { "text-anchor": "middle" })),
  };
}

// One line: its intervals, its course between the axes, its marks. It has a gap where a name (`step`
// apart) has no value.
function drawSeries(svg, points, { top, bottom, yOf, step, dense }, theme) {
  const clipped = (value) => within(yOf(value), { top, bottom });
  const color = points[0].color, inside = (point) => point.y >= top - 0.5 && point.y <= bottom + 0.5;
  const bounded = points.filter(({ row }) => row.lo !== null && row.hi !== null);
  if (dense && bounded.length > 1) {
    const upper = bounded.map((point) => `${point.x} ${clipped(point.row.hi)}`);
    const lower = bounded.map((point) => `${point.x} ${clipped(point.row.lo)}`).reverse();
    svg.append(node("path", { d: `M${[...upper, ...lower].join("L")}Z`, fill: color, opacity: 0.2 }));
  } else {
    const look = { stroke: color, opacity: 0.65, "stroke-width": 1.2 };
    for (const { x, row } of bounded) svg.append(lineOf(x, clipped(row.lo), x, clipped(row.hi), look));
  }
  let course = "";
  points.forEach((point, i) => {
    const before = points[i - 1], joined = i && inside(before) && !(step && point.x - before.x > 1.5 * step);
    if (inside(point)) course += `${joined ? "L" : "M"}${point.x} ${point.y}`;
  });
  svg.append(node("path", { d: course || "M0 0", fill: "none", stroke: color, "stroke-width": 1.7 }));
  for (const point of points) {
    const open = point.row.warnings || !inside(point);
    const look = { class: "mark", stroke: color, "stroke-width": 1.3, fill: open ? theme.paper : color };
    const y = within(point.y, { top, bottom }), way = point.y < top ? 1 : -1;
    svg.append(inside(point) ? node("circle", { cx: point.x, cy: y, r: dense ? 1.6 : 3, ...look })
      : node("path", { d: `M${point.x} ${y}l4 ${7 * way}h-8z`, ...look }));
    const ring = { r: 6.5, fill: "none", stroke: color, "stroke-width": 1.5 };
    if (point.row.chosen) svg.append(node("circle", { cx: point.x, cy: y, ...ring }));
  }
}

// Names beside the ends of lines, moved apart; where there are too many, some.
function namesAtEnds(ends, { right, top, bottom }, theme) {
  const x = right + 4, every = Math.ceil(ends.length / Math.floor((bottom - top) / 13));
  const kept = ends.filter((end, i) => end.always || i % every === 0)
    .map((end) => ({ ...end, at: end.y })).sort((a, b) => a.at - b.at);
  for (let i = 1; i < kept.length; i++) kept[i].at = Math.max(kept[i].at, kept[i - 1].at + 13);
  let limit = bottom + 4;
  for (const end of [...kept].reverse()) {
    end.at = Math.min(end.at, limit);
    limit = end.at - 13;
  }
  const last = Math.max(...ends.map((end) => end.x ?? 0));
  const look = (end, width) => ({ fill: "none", stroke: end.color, "stroke-width": width });
  return kept.flatMap((end) => [
    // A line that ends early is led to its name.
    ...(last - end.x > 20 ? [lineOf(end.x + 6, end.y, x - 3, end.y, { ...look(end, 0.8), "stroke-dasharray": "1 4" })] : []),
    node("path", { d: `M${x - 3} ${end.y}L${x + 8} ${end.at}h6`, ...look(end, 1.5) }),
    text(fitted(end.label, 172), x + 17, end.at + 4, theme),
  ]);
}

function fitted(words, width) {
  let short = words;
  while (short.length > 3 && widthOf(short) > width) short = `${short.slice(0, -2)}\u2026`;
  return short;
}
