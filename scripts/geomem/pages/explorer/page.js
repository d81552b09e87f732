// What is drawn for a choice, and when.
const places = document.getElementById("charts");

function chose(changes) {
  wish = { ...wish, ...changes };
  // What lines suit one table says nothing about another.
  if (changes.view || changes.table) for (const key of ["lines", "across"]) delete wish[key];
  draw();
}

function draw() {
  const choice = settled();
  const { state } = choice;
  writeAddress(state);
  drawMenus(choice);
  shownCharts = { manifolds: planesOf, examples: sheetOf }[state.view]?.(choice) ?? chartsOf(choice);
  places.replaceChildren(...shownCharts.map((one) => one.place));
  for (const one of shownCharts) one.render();
  const last = shownCharts.at(-1), rows = last?.rows ?? [];
  drawListing(rows, last?.spec);
  document.getElementById("notes").replaceChildren(...notesOf(choice, rows).map((note) => element("p", note)));
  const nothing = isDifference(state) ? "Nothing to subtract was measured for this choice."
    : "Nothing was measured for this choice.";
  say(rows.length ? wholeNetwork(choice) : nothing);
}
let shownCharts = [];

// A map, where the view has one, and lines.
function chartsOf(choice) {
  const { state, table, view, charts: free } = choice;
  const metric = table.metrics[state.metric] ?? { label: state.metric.replaceAll("_", " "), unit: "" };
  const difference = isDifference(state);
  const common = {
    metric,
    scale: metric.unit === "%" ? 100 : 1,
    title: difference ? `Difference: ${metric.label}` : metric.label,
    names: table.known,
    signed: difference,
  };
  const charts = [];
  if (free.length > 1) {
    const [x, y] = view.heat, rows = chosenRows(choice, view.heat);
    const details = detailsOf(choice, view.heat);
    charts.push(chart("map", rows, { ...common, x, y, unit: metric.unit, details }, heatMap));
  }
  const found = chosenRows(choice, free.at(-1));
  // Over all epochs the best one is marked, and not drawn twice.
  const best = view.free.includes("epoch") ? found.filter((row) => row.epoch === content.best) : [];
  const named = metric.unit ? `${metric.label} (${metric.unit})` : metric.label;
  const unit = state.lines === "metric" ? metric.unit : named;
  charts.push(chart("lines", found.filter((row) => !best.includes(row)), {
    ...common,
    x: state.across,
    lines: state.lines,
    unit,
    details: detailsOf(choice, free.at(-1)),
    references: difference ? [{ value: 0, label: "no difference" }] : referencesOf(choice),
    rules: best.slice(0, 1).map((row) => ({ row, label: "best epoch" })),
  }, lineChart));
  return charts.filter((one) => one.rows.length);
}

// A panel per layer.
function planesOf(choice) {
  const { state, table, view } = choice;
  const fixed = Object.fromEntries([...RUN, "kind", "epoch"].map((column) => [column, state[column]]));
  const rows = rowsOf(table, fixed).filter((row) => row.x !== null);
  const title = "Centres and spread of the manifolds, and how much of the centres' variance the plane holds";
  const spec = { metric: { label: "manifolds" }, title, names: table.known, details: detailsOf(choice, view.free) };
  return rows.length ? [chart("plane", rows, spec, planes)] : [];
}

// Some of the training images of a group, in the order chosen.
function sheetOf({ state, table, view }) {
  const fixed = Object.fromEntries([...RUN, "group"].map((column) => [column, state[column]]));
  const all = inOrderOf(state.order, rowsOf(table, fixed)), from = Number(state.from);
  const rows = all.slice(from - 1, from - 1 + SHEET);
  const title = `Training images ${from} to ${from - 1 + rows.length} of ${all.length}, ${state.order}`;
  const spec = { metric: { label: "images" }, title, by: ORDERS[state.order].by, details: detailsOf({ state, table }, view.free) };
  return rows.length ? [chart("sheet", rows, spec, sheet)] : [];
}

// A chart in its place, drawn as wide as that is.
function chart(kind, rows, spec, drawing) {
  const place = element("figure", "", { class: kind });
  const name = [rows[0]?.experiment, spec.metric.label, kind].join("-").replace(/[^\w.-]+/g, "_");
  const render = (theme = dark() ? DARK : LIGHT) => {
    const width = Math.max(300, Math.floor(place.clientWidth));
    const { svg, marks } = drawing(width, { ...spec, rows }, theme);
    pointing(svg, marks, spec);
    place.replaceChildren(svg, buttons(name, rows, () => drawing(width, { ...spec, rows }, LIGHT).svg));
  };
  return { place, render, rows, spec };
}

const scheme = matchMedia("(prefers-color-scheme: dark)");
let printing = false;
function dark() {
  return scheme.matches && !printing;
}

// What a picture is of: every chosen value that it has no axis or line for.
function detailsOf({ state, table }, free) {
  const of = (column, value) => (["experiment", "kind", "scheme", "part", "group"].includes(column) || value === content.mean
    ? content.texts[value] ?? value : `${content.names[column]} ${value}`);
  const columns = ["experiment", ...RUN, ...dimensions(table)].filter((column) => column !== "metric");
  const shown = columns.filter((column) => column in state && !free.includes(column));
  const parts = shown.map((column) => of(column, state[column]));
  const less = SUBTRACTED.filter((column) => (state[`minus-${column}`] ?? SAME) !== SAME);
  if (less.length) parts.push(`minus ${less.map((column) => of(column, state[`minus-${column}`])).join(", ")}`);
  return parts;
}

// The final network with nothing rewound, where one network and kind is shown.
function referencesOf({ state, table }) {
  if (state.view !== "rewinding" || !["epoch", "scheme"].includes(state.lines)) return [];
  const row = wholeRows(state, table, "none")[0];
  return row && row.value !== null ? [{ value: row.value, label: "nothing rewound" }] : [];
}

function wholeRows(state, table, scheme) {
  const fixed = { scheme };
  const columns = [...RUN, "kind", "batch_norm", "metric"].filter((column) => column !== "kind" || state.lines !== "kind");
  for (const column of columns) if (column in state) fixed[column] = state[column];
  return rowsOf(table, fixed, true);
}

function wholeNetwork({ state, table }) {
  if (state.view !== "rewinding" || isDifference(state)) return "";
  const of = (row) => `${content.texts[row.kind] ?? row.kind} ${digits(100 * row.value, 3)} %`;
  const parts = new Map();
  const add = (what, row) => parts.set(what, [...(parts.get(what) ?? []), of(row)]);
  for (const row of wholeRows(state, table, "none")) add("nothing rewound", row);
  for (const row of wholeRows(state, table, "all")) add(`all layers rewound to epoch ${when(row)}`, row);
  return [...parts].map(([what, rates]) => `With ${what}: ${rates.join(", ")}.`).join(" ");
}

function notesOf({ state, table }, rows) {
  const notes = [];
  if (isDifference(state)) notes.push(NOTES.difference);
  if (rows.some((row) => row.chosen)) notes.push(NOTES.chosen);
  if (rows.some((row) => row.warnings)) notes.push(NOTES.warned);
  if (NOTES[state.view]) notes.push(NOTES[state.view]);
  return [...notes, ...table.notes];
}

const NOTES = {
  warned: "Circles in cells and open marks have a warning. Triangles lie beyond the axes, whose range is that of the "
    + "values without one.",
  chosen: "Rings mark the number of directions that the measurement removes.",
  manifolds: "Each layer has a plane of its own, turned to agree with that of the next layer. Circles have the "
    + "standard deviation of a manifold's points in it. Colours follow the first axis of the last layer.",
  examples: "Above an image: its assigned label, and in parentheses its true label where that is another. Below: the last "
    + "epoch after which the network began to give it its assigned label, which may be after it was forgotten.",
  difference: "Differences of means over seeds are means of the seeds' differences, with Student's t interval. Of "
    + "single networks the interval is the one were both measured independently, which is too wide for one network "
    + "on the same images.",
};

addEventListener("hashchange", () => {
  readAddress();
  draw();
});
scheme.addEventListener("change", () => shownCharts.forEach((one) => one.render()));
addEventListener("beforeprint", () => {
  printing = true;
  shownCharts.forEach((one) => one.render());
});
addEventListener("afterprint", () => {
  printing = false;
  shownCharts.forEach((one) => one.render());
});
let wide = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === wide) return;
  wide = innerWidth;
  shownCharts.forEach((one) => one.render());
});
readAddress();
draw();
