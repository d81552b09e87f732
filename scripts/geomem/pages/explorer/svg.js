// Elements, and what heat maps and lines have in common. Colours stand in attributes, so that a picture
// is the same in a file of its own.
const FONT = '"DejaVu Sans", Verdana, sans-serif';
const ruler = document.createElement("canvas").getContext("2d");

function node(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function text(words, x, y, theme, attributes = {}) {
  return node("text", { x, y, fill: theme.ink, "font-size": 11, ...attributes }, String(words));
}

function lineOf(x1, y1, x2, y2, attributes) {
  return node("line", { x1, y1, x2, y2, ...attributes });
}

// A name beside an axis: `upright` runs from below to above.
function axisName(words, x, y, theme, upright = false, anchor = "middle") {
  const turn = upright ? { transform: `rotate(-90 ${x} ${y})` } : {};
  return text(words, x, y, theme, { "text-anchor": anchor, fill: theme.soft, ...turn });
}

// Rows in the unit that is shown, each with the row as the table has it.
function inUnit(rows, scale) {
  const of = (value) => (value === null ? null : value * scale);
  return rows.map((row) => ({ ...row, value: of(row.value), lo: of(row.lo), hi: of(row.hi), source: row }));
}

function widthOf(words, size = 11) {
  ruler.font = `${size}px ${FONT}`;
  return ruler.measureText(words).width;
}

// An empty picture with its heading, and how far down that reaches.
function picture(width, height, heading, theme) {
  const svg = node("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "img", tabindex: 0,
    "font-family": FONT, "aria-label": heading.join(". "),
  });
  svg.append(node("rect", { width, height, fill: theme.paper }));
  heading.forEach((line, i) => {
    const look = i ? { fill: theme.soft } : { "font-size": 13, "font-weight": "bold" };
    svg.append(text(line, 4, 16 + 17 * i, theme, look));
  });
  return svg;
}

// What the heading of a picture says, broken into lines that fit.
function headingOf(title, details, width) {
  const lines = [];
  let line = "";
  for (const part of details) {
    const longer = line ? `${line}, ${part}` : part;
    if (line && widthOf(longer) > width - 8) {
      lines.push(`${line},`);
      line = part;
    } else line = longer;
  }
  return [...broken(title, width), ...lines, line].filter(Boolean);
}

function broken(title, width) {
  const words = title.split(" "), lines = [words.shift()];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (widthOf(longer, 14.5) > width - 8) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

// Names below an axis, slanted where they need more room than they have; some are left out where even
// that is too little.
function namesBelow(names, place, y, step, theme) {
  const slanted = Math.max(...names.map((name) => widthOf(name))) > step - 6;
  const every = Math.ceil((slanted ? 13 : 0) / step) || 1;
  const shown = names.map((name, i) => ({ name, x: place(i) })).filter((_, i) => i % every === 0);
  return shown.map(({ name, x }) => text(name, x, y + (slanted ? 11 : 15), theme, slanted
    ? { "text-anchor": "end", transform: `rotate(-45 ${x} ${y + 11})` } : { "text-anchor": "middle" }));
}

function roomBelow(names, step) {
  const longest = Math.max(...names.map((name) => widthOf(name)));
  return longest > step - 6 ? 16 + 0.72 * longest : 20;
}

// How often a name of `height` fits between `step`s.
function everyOf(step, height = 13) {
  return Math.max(1, Math.ceil(height / step));
}
