// The tables: how they are unpacked, and how rows are found in them. Every text reaches the page
// through textContent or as the value of an attribute, neither of which reads HTML.
const content = JSON.parse(document.getElementById("content").textContent);
const RUN = ["width", "noise", "seed"];
const unpackedTables = new Map();

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

// One table: `known` texts of each column, `codes` into them (null where there is one text alone),
// and `numbers`.
function tableOf(experiment, name) {
  const key = `${experiment}/${name}`;
  if (!unpackedTables.has(key)) {
    const packed = content.experiments.find((one) => one.name === experiment)
      ?.tables.find((one) => one.name === name);
    unpackedTables.set(key, packed ? unpacked(packed, experiment) : null);
  }
  return unpackedTables.get(key);
}

function unpacked(packed, experiment) {
  const codes = {};
  for (const [column, texts] of Object.entries(packed.known)) {
    const Codes = texts.length > 256 ? Uint16Array : Uint8Array;
    codes[column] = packed.codes[column] ? new Codes(bytes(packed.codes[column])) : null;
  }
  const numbers = {};
  for (const [name, text] of Object.entries(packed.numbers)) numbers[name] = new Float32Array(bytes(text));
  return { ...packed, experiment, codes, numbers };
}

// Columns of a table that tell its values apart within a network.
function dimensions(table) {
  const apart = [...RUN, "at", "seeds", "warnings", "chosen"];
  return Object.keys(table.known).filter((column) => !apart.includes(column));
}

// Places of the rows in which each column named by `fixed` has the value given.
function placesOf(table, fixed) {
  const wanted = [];
  for (const [column, value] of Object.entries(fixed)) {
    if (!(column in table.known)) continue;
    const code = table.known[column].indexOf(value);
    if (code < 0) return [];
    if (table.codes[column]) wanted.push([table.codes[column], code]);
  }
  const found = [];
  for (let i = 0; i < table.length; i++) {
    if (wanted.every(([codes, code]) => codes[i] === code)) found.push(i);
  }
  return found;
}

// The same as objects. What is about the whole network has no layer to be drawn at.
function rowsOf(table, fixed, whole = false) {
  const rows = placesOf(table, fixed).map((i) => rowAt(table, i));
  return rows.filter((row) => (row.layer === content.whole) === whole);
}

function rowAt(table, i) {
  const row = { experiment: table.experiment };
  for (const [column, texts] of Object.entries(table.known)) {
    row[column] = texts[table.codes[column] ? table.codes[column][i] : 0];
  }
  for (const [name, values] of Object.entries(table.numbers)) row[name] = shortest(values[i]);
  row.at = Number(row.at);
  row.file = fileOf(table, row);
  return row;
}

// The shortest decimal number that is this float32; null for what is not a number.
function shortest(value) {
  if (Number.isNaN(value)) return null;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

// Where a row stands, below its experiment's folder.
function fileOf(table, row) {
  if (row.seed === content.mean) return `tables/${table.name}.parquet`;
  return table.file.replace("{run}", `w${row.width}_n${row.noise}_s${row.seed}`).replace("{epoch}", row.epoch);
}

// The address of a training image's picture.
function pictureOf(row) {
  const data = content.experiments.find((one) => one.name === row.experiment).images;
  return `data:image/webp;base64,${content.images[data][row.index]}`;
}

// Values of a column that rows with these others have, in the order of the column.
function valuesOf(table, column, fixed) {
  const texts = table.known[column], codes = table.codes[column];
  const whole = table.known.layer?.indexOf(content.whole) ?? -1;
  const found = new Set();
  for (const i of placesOf(table, fixed)) {
    if (whole >= 0 && table.codes.layer && table.codes.layer[i] === whole) continue;
    found.add(codes ? codes[i] : 0);
  }
  return texts.filter((_, code) => found.has(code));
}
