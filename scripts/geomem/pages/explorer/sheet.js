// Single training images: which come first, and a sheet of them with their labels.
const SHEET = 60;
const ORDERS = {
  "learned early": { by: "last_learned", way: 1 },
  "learned late": { by: "last_learned", way: -1 },
  "forgotten most often": { by: "forgetting_events", way: -1 },
  "forgotten when few layers are rewound": { by: "suffix_layer", way: -1 },
  "forgotten only when many layers are rewound": { by: "suffix_layer", way: 1 },
};

// Menus of the view: an order, where images differ in it, and the first image of the sheet.
function chooseSheet(choose, table, fixed) {
  const differs = (by) => by !== "suffix_layer" || valuesOf(table, by, fixed).length > 1;
  choose("order", Object.keys(ORDERS).filter((name) => differs(ORDERS[name].by)));
  const sheets = Math.max(1, Math.ceil(placesOf(table, fixed).length / SHEET));
  choose("from", Array.from({ length: sheets }, (_, i) => String(1 + SHEET * i)));
}

// Rows in an order; what has no value comes last, equal ones by their number.
function inOrderOf(order, rows) {
  const { by, way } = ORDERS[order], layers = by === "suffix_layer";
  const depths = layers ? new Map(tableOf(rows[0]?.experiment, "examples")?.known[by].map((name, i) => [name, i])) : null;
  const of = (row) => (layers ? (row[by] ? depths.get(row[by]) : null) : row[by]);
  return rows.sort((a, b) => (of(a) === null) - (of(b) === null) || way * (of(a) - of(b)) || a.index - b.index);
}

function sheet(width, { rows, title, by, details }, theme) {
  const heading = headingOf(title, details, width);
  const step = 88, side = 64, tall = 108, top = 17 * heading.length + 10;
  const across = Math.max(1, Math.floor(width / step));
  const svg = picture(width, top + tall * Math.ceil(rows.length / across), heading, theme), marks = [];
  const colors = seriesColors("kind", ["permuted", "unpermuted"], theme);
  const middle = { "text-anchor": "middle" };
  rows.forEach((row, i) => {
    const x = step * (i % across) + step / 2, y = top + tall * Math.floor(i / across);
    const kind = row.group.split(",")[0], fill = colors[kind] ?? theme.ink;
    const wrong = row.true_label === row.assigned_label ? "" : ` (${row.true_label})`;
    svg.append(text(fitted(row.assigned_label + wrong, step - 6), x, y + 10, theme, { ...middle, fill }));
    const place = { x: x - side / 2, y: y + 15, width: side, height: side };
    svg.append(node("image", { ...place, href: pictureOf(row), class: "mark", style: "image-rendering: pixelated" }));
    svg.append(text(fitted(underOf(row, by), step - 4), x, y + 15 + side + 12, theme, { ...middle, "font-size": 10 }));
    marks.push({ x, y: y + 15 + side / 2, row, halfWidth: step / 2, halfHeight: tall / 2 });
  });
  return { svg, marks };
}

function underOf(row, by) {
  if (by === "forgetting_events") return `forgotten ${row.forgetting_events}×`;
  if (by === "suffix_layer") return row.suffix_layer ? `from ${row.suffix_layer}` : row.rewound ? "kept" : "not known";
  return row.last_learned === null ? "never right" : `epoch ${row.last_learned}`;
}
