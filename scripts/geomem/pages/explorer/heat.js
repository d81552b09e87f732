// A map of one quantity over two columns. White circles have a warning; grey cells no value.
function heatMap(width, { rows, x, y, names, title, details, unit, scale, signed }, theme) {
  const scaled = inUnit(rows, scale);
  const across = names[x].filter((name) => rows.some((row) => row[x] === name));
  const down = names[y].filter((name) => rows.some((row) => row[y] === name));
  const heading = headingOf(title, details, width);
  const left = 26 + Math.max(...down.map((name) => widthOf(name))), right = 78, top = 17 * heading.length + 12;
  const step = Math.min(90, (width - left - right) / across.length);
  const tall = Math.max(5, Math.min(34, 380 / down.length));
  const below = roomBelow(across, step) + 20;
  const bottom = top + tall * down.length, end = left + step * across.length;
  const svg = picture(width, Math.max(bottom, top + 130) + below, heading, theme);

  let [low, high] = rangeOf(scaled.map((row) => ({ ...row, lo: null, hi: null })));
  if (signed) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  const ramp = signed ? DIVERGING : VIRIDIS;
  const marks = [];
  for (const row of scaled) {
    const cell = { x: left + step * across.indexOf(row[x]), y: top + tall * down.indexOf(row[y]) };
    const fill = row.value === null ? theme.missing : mixed(ramp, (row.value - low) / (high - low));
    const look = { fill, class: "mark", stroke: theme.paper, "stroke-width": 1 };
    svg.append(node("rect", { ...cell, width: step, height: tall, ...look }));
    const middle = { x: cell.x + step / 2, y: cell.y + tall / 2 };
    if (row.warnings && row.value !== null) svg.append(warnedCell(middle, tall));
    marks.push({ ...middle, row: row.source, halfWidth: step / 2, halfHeight: tall / 2 });
  }
  down.forEach((name, i) => {
    if (i % everyOf(tall)) return;
    svg.append(text(name, left - 6, top + tall * (i + 0.5) + 4, theme, { "text-anchor": "end" }));
  });
  svg.append(...namesBelow(across, (i) => left + step * (i + 0.5), bottom, step, theme));
  svg.append(axisName(content.names[x], (left + end) / 2, bottom + below - 6, theme));
  svg.append(axisName(content.names[y], 12, (top + bottom) / 2, theme, true));
  const bar = { x: end + 14, top, height: Math.max(100, Math.min(220, bottom - top)) };
  colorBar(svg, bar, ramp, [low, high], unit, theme);
  return { svg, marks };
}

function warnedCell({ x, y }, tall) {
  const look = { fill: "none", stroke: "#ffffff", "stroke-width": 1.3 };
  return node("circle", { cx: x, cy: y, r: Math.min(3.5, tall / 3), ...look });
}

function colorBar(svg, { x, top, height }, ramp, [low, high], unit, theme) {
  for (let i = 0; i < 50; i++) {
    const place = { x, y: top + height * (1 - (i + 1) / 50), width: 12, height: height / 50 + 0.5 };
    svg.append(node("rect", { ...place, fill: mixed(ramp, (i + 0.5) / 50) }));
  }
  for (const tick of ticks([low, high], 5)) {
    svg.append(text(tick.text, x + 16, top + height * (1 - (tick.value - low) / (high - low)) + 4, theme));
  }
  if (unit) svg.append(axisName(unit, x + 62, top, theme, true, "end"));
}
