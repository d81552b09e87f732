// Manifolds in a plane, a panel per layer: a circle around each centre, as wide as its points spread.
// Axes have arbitrary signs and directions, so each panel is turned to agree with the one after it.
const MANY = 12;

function planes(width, { rows, names, title, details }, theme) {
  const layers = names.layer.filter((name) => rows.some((row) => row.layer === name));
  const panels = turned(layers.map((layer) => rows.filter((row) => row.layer === layer)));
  const heading = headingOf(title, details, width);
  const across = Math.max(1, Math.min(layers.length, Math.floor(width / 165)));
  const size = Math.min(260, Math.floor(width / across)), top = 17 * heading.length + 8;
  const svg = picture(width, top + (size + 20) * Math.ceil(layers.length / across), heading, theme);
  const color = colorsOfManifolds(panels.at(-1), theme), marks = [];
  panels.forEach((panel, i) => {
    const left = size * (i % across), upper = top + (size + 20) * Math.floor(i / across);
    const middle = { x: left + size / 2, y: upper + 20 + (size - 8) / 2 };
    const far = Math.max(...panel.map(({ x, y, row }) => Math.max(Math.abs(x), Math.abs(y)) + row.spread));
    const zoom = (0.94 * (size - 8)) / 2 / (far || 1);
    const held = panel[0].row.held === null ? "" : ` (${Math.round(100 * panel[0].row.held)} %)`;
    svg.append(text(fitted(layers[i], size - 60) + held, left + 6, upper + 12, theme));
    const frame = { x: left + 4, y: upper + 18, width: size - 8, height: size - 8 };
    svg.append(node("rect", { ...frame, fill: "none", stroke: theme.grid }));
    const placed = panel.map(({ x, y, row }) => ({ x: middle.x + zoom * x, y: middle.y - zoom * y, row }));
    const circle = ({ x, y, row }, look) => node("circle", { cx: x, cy: y, stroke: color(row), class: "mark", ...look });
    // Many circles would hide each other, and the centres.
    const faint = panel.length > MANY ? { fill: "none", "stroke-opacity": 0.3 } : { "fill-opacity": 0.12, "stroke-opacity": 0.6 };
    svg.append(...placed.map((mark) => circle(mark, {
      fill: color(mark.row), r: Math.max(1.5, zoom * mark.row.spread), ...faint,
    })));
    svg.append(...placed.map((mark) => circle(mark, { fill: color(mark.row), r: 3, "stroke-width": 0 })));
    marks.push(...placed);
  });
  return { svg, marks };
}

// Each panel turned, and mirrored where that is nearer, towards the next one (Procrustes in the plane).
function turned(panels) {
  const found = [];
  for (const rows of [...panels].reverse()) {
    const places = rows.map((row) => ({ x: row.x, y: row.y, row }));
    const target = new Map((found[0] ?? places).map((place) => [place.row.manifold, place]));
    found.unshift(nearer([1, -1].map((sign) => rotated(places, target, sign))).places);
  }
  return found;
}

function nearer(options) {
  return options[1].agreement > options[0].agreement ? options[1] : options[0];
}

// Places with `y` times `sign`, rotated so that their products with those of `target` add up to most.
function rotated(places, target, sign) {
  let cosine = 0, sine = 0;
  for (const { x, y, row } of places) {
    const aim = target.get(row.manifold);
    if (!aim) continue;
    cosine += x * aim.x + sign * y * aim.y;
    sine += x * aim.y - sign * y * aim.x;
  }
  const agreement = Math.hypot(cosine, sine);
  const [c, s] = agreement ? [cosine / agreement, sine / agreement] : [1, 0];
  const moved = ({ x, y, row }) => ({ x: c * x - s * sign * y, y: s * x + c * sign * y, row });
  return { agreement, places: places.map(moved) };
}

// Colours along the first axis of the last layer, so that a manifold can be followed through the panels.
function colorsOfManifolds(panel, theme) {
  const order = [...panel].sort((a, b) => a.x - b.x).map((place) => place.row.manifold);
  const colors = seriesColors("layer", order, theme);
  return (row) => colors[row.manifold] ?? theme.soft;
}
