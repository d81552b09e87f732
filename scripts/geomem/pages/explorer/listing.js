// The numbers behind the lines, for readers without a pointer.
const MOST_LISTED = 300;

function drawListing(rows, spec) {
  const place = document.getElementById("listing");
  place.hidden = !rows.length;
  if (!rows.length) return;
  const varies = (column) => new Set(rows.map((row) => row[column])).size > 1;
  const columns = ["layer", "epoch", "k", "kind", "scheme", "batch_norm", "part", "manifold", "index", "true_label",
    "assigned_label", "suffix_layer", ...RUN].filter((column) => rows[0][column] !== undefined && (["layer", "epoch", "index"].includes(column) || varies(column)));
  const numbers = rows[0].index !== undefined ? numbersOfImages()
    : rows[0].x === undefined ? numbersOfValues(spec) : numbersOfPlaces();
  const head = element("tr", "");
  for (const name of [...columns.map((column) => content.names[column]), ...Object.keys(numbers), "warnings", "file"]) {
    head.append(element("th", name, { scope: "col" }));
  }
  const body = element("tbody", "");
  for (const row of rows.slice(0, MOST_LISTED)) {
    const line = element("tr", "");
    for (const column of columns) {
      line.append(element("td", column === "epoch" ? when(row) : content.texts[row[column]] ?? row[column]));
    }
    for (const number of Object.values(numbers)) line.append(element("td", number(row), { class: "number" }));
    line.append(element("td", row.warnings), element("td", `${row.experiment}/${row.file}`));
    body.append(line);
  }
  const header = element("thead", ""), table = element("table", "");
  header.append(head);
  const rest = rows.length > MOST_LISTED ? `: the first ${MOST_LISTED} of ${rows.length}; CSV has all` : "";
  table.append(element("caption", `Numbers of the chart${rest}`), header, body);
  place.replaceChildren(element("summary", "Numbers and files of the lines"), table);
}

// Columns of numbers by their heading: each gives the text of a row's cell.
function numbersOfValues({ metric, scale }) {
  const of = (name) => (row) => (row[name] === null ? "" : digits(row[name] * scale));
  const heading = metric.unit ? `${metric.label} (${metric.unit})` : metric.label;
  return { [heading]: of("value"), "low end": of("lo"), "high end": of("hi") };
}

function numbersOfImages() {
  const of = (name) => (row) => row[name] ?? "never";
  return { "first right after epoch": of("first_learned"), "last learned": of("last_learned"), forgotten: of("forgetting_events") };
}

function numbersOfPlaces() {
  const of = (name) => (row) => (row[name] === null ? "" : digits(row[name]));
  return { "first axis": of("x"), "second axis": of("y"), spread: of("spread") };
}
