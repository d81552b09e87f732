// Downloads of what a chart shows: its rows as CSV, the picture as SVG and PNG, always on white.
const COLUMNS = [
  "experiment", "width", "noise", "seed", "metric", "kind", "epoch", "at", "layer", "k", "scheme", "batch_norm", "part",
  "manifold", "value", "lo", "hi", "x", "y", "spread", "held", "group", "index", "true_label", "assigned_label",
  "first_learned", "last_learned", "forgetting_events", "suffix_layer", "seeds", "chosen", "warnings", "file",
];

function csvOf(rows) {
  const columns = COLUMNS.filter((column) => rows.some((row) => row[column] !== undefined && row[column] !== ""));
  const cell = (value) => {
    const words = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
  };
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((line) => line.map(cell).join(",")).join("\n") + "\n";
}

function svgOf(svg) {
  const alone = svg.cloneNode(true);
  alone.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  for (const name of ["tabindex", "role"]) alone.removeAttribute(name);
  return new XMLSerializer().serializeToString(alone);
}

async function pngOf(svg, zoom = 3) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgOf(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = zoom * svg.viewBox.baseVal.width;
  canvas.height = zoom * svg.viewBox.baseVal.height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function save(content, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Buttons below a chart. `drawn` gives its picture on white.
function buttons(name, rows, drawn) {
  const place = element("div", "", { class: "buttons" });
  const add = (label, act) => {
    const made = element("button", label, { type: "button", "aria-label": `download ${name} as ${label}` });
    made.addEventListener("click", act);
    place.append(made);
  };
  add("CSV", () => save(csvOf(rows), `${name}.csv`, "text/csv"));
  add("SVG", () => save(svgOf(drawn()), `${name}.svg`, "image/svg+xml"));
  add("PNG", async () => save(await pngOf(drawn()), `${name}.png`));
  return place;
}
