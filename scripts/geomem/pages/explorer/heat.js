// A map of one quantity over two columns, with the numbers where they fit. Circles have a warning; grey
// cells no value.
function heatMap(width, { rows, x, y, names, title, details, unit, scale, signed }, theme) {
  const scaled = inUnit(rows, scale);
  const across = names[x].filter((name) => rows.some((row) => row[x] === name));
  const down = names[y].filter((name) => rows.some((row) => row[y] === name));
  const heading = headingOf(title, details, width);
  const left = 26 + Math.max(...down.map((name) => widthOf(name))), right = 78, top = 17 * heading.length + 12;
  const step = Math.min(90, (width - left - right) / across.length);
  const tall = Math.max(5, Math.min(56, 380 / down.length));
  const below = roomBelow(across, step) + 20;
  const bottom = top + tall * down.length, end = left + step * across.length;
  const svg = picture(width, Math.max(bottom + below, top + 130), heading, theme);

  let [low, high] = rangeOf(scaled.map((row) => ({ ...row, lo: null, hi: null })));
  if (signed) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  const ramp = signed ? DIVERGING : VIRIDIS;
  const marks = [], written = decimalsFor(scaled);
  for (const row of scaled) {
    const cell = { x: left + step * across.indexOf(row[x]), y: top + tall * down.indexOf(row[y]) };
    const fill = row.value === null ? theme.missing : mixed(ramp, (row.value - low) / (high - low));
    const look = { fill, class: "mark", stroke: theme.paper, "stroke-width": 1 };
    svg.append(node("rect", { ...cell, width: step, height: tall, ...look }));
    const middle = { x: cell.x + step / 2, y: cell.y + tall / 2 };
    if (row.value !== null) svg.append(...inCell(row, written(row.value), fill, middle, step, tall));
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

// Numbers with the same decimals in every cell: three digits of the largest.
function decimalsFor(rows) {
  const largest = Math.max(...rows.map((row) => Math.abs(row.value ?? 0)));
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(largest || 1)));
  return (value) => {
    const number = decimals > 5 ? value.toExponential(1) : value.toFixed(decimals);
    return Number(number) === 0 ? number.replace("-", "") : number.replaceAll("-", "\u2212");
  };
}

// A cell's number, and a circle for a warning: above the number, or alone where that does not fit.
function inCell(row, number, fill, { x, y }, step, tall) {
  const color = luminance(fill) > 0.3 ? "#000000" : "#ffffff", found = [];
  const fits = tall >= 16 && widthOf(number) < step - 6;
  if (fits) {
    found.push(node("text", { x, y: y + 4, fill: color, "font-size": 11, "text-anchor": "middle" }, number));
  }
  if (row.warnings) {
    const [at, r] = fits ? [y - tall / 2 + 5, 2.5] : [y, Math.min(3.5, tall / 3)];
    found.push(node("circle", { cx: fits ? x + step / 2 - 6 : x, cy: at, r, fill: "none", stroke: color, "stroke-width": 1.3 }));
  }
  return found;
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
