// Axes and colours: rounded ticks, ranges that a warned value cannot widen, colours for any vision.
const VIRIDIS = [
  "#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725",
];
const PLASMA = [
  "#0d0887", "#46039f", "#7201a8", "#9c179e", "#bd3786", "#d8576b", "#ed7953", "#fb9f3a", "#fdca26", "#f0f921",
];
const DIVERGING = ["#053061", "#2166ac", "#4393c3", "#92c5de", "#f7f7f7", "#f4a582", "#d6604d", "#b2182b", "#67001f"];
const OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"];
const ORDERED = ["epoch", "width", "noise", "k", "layer"];

const LIGHT = { ink: "#1c1c1c", soft: "#555555", grid: "#e3e3e3", paper: "#ffffff", missing: "#d0d0d0" };
const DARK = { ink: "#e8e8e8", soft: "#a9a9a9", grid: "#3a3a3a", paper: "#161616", missing: "#444444" };

// `count` colours along a ramp of them.
function mixed(ramp, share) {
  const place = Math.max(0, Math.min(1, share)) * (ramp.length - 1);
  const low = Math.min(Math.floor(place), ramp.length - 2), rest = place - low;
  const channel = (color, i) => parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16);
  const parts = [0, 1, 2].map((i) => channel(ramp[low], i) * (1 - rest) + channel(ramp[low + 1], i) * rest);
  return `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

// Relative luminance of a colour (WCAG 2.1).
function luminance(color) {
  const linear = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

// A colour for each value of a column. Ordered ones get the part of the ramp that has a contrast of 3
// to the paper.
function seriesColors(column, values, theme) {
  const dark = theme === DARK, colors = {};
  values.forEach((value, i) => {
    const share = values.length > 1 ? i / (values.length - 1) : 0;
    const color = ORDERED.includes(column) ? mixed(PLASMA, dark ? 0.42 + 0.58 * share : 0.62 * share)
      : content.colors[value] ?? OKABE_ITO[i % OKABE_ITO.length];
    colors[value] = dark && !ORDERED.includes(column) ? mixed([color, "#ffffff"], 0.3) : color;
  });
  return colors;
}

// The range of an axis: of values without a warning, where there are any, and of their intervals as
// far as these reach no further than the values do. [0, 1] where there is nothing.
function rangeOf(rows, also = []) {
  const measured = rows.filter((row) => row.value !== null);
  const sound = measured.filter((row) => !row.warnings);
  const used = sound.length ? sound : measured;
  const values = [...used.map((row) => row.value), ...also];
  if (!values.length) return [0, 1];
  let low = Math.min(...values), high = Math.max(...values);
  const reach = high > low ? 0.6 * (high - low) : 0.1 * Math.abs(high) || 1;
  const ends = used.filter((row) => row.lo !== null && row.hi !== null);
  const lowest = Math.min(low, ...ends.map((row) => Math.max(row.lo, low - reach)));
  const highest = Math.max(high, ...ends.map((row) => Math.min(row.hi, high + reach)));
  const room = highest > lowest ? 0.04 * (highest - lowest) : reach;
  return [lowest - room, highest + room];
}

// About `count` round numbers within a range.
function ticks([low, high], count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) found.push(i * step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const long = decimals > 4 || Math.abs(high) >= 1e6;
  return found.map((value) => ({ value, text: long ? Number(value.toPrecision(3)).toExponential()
    : (Math.abs(value) < step / 2 ? 0 : value).toFixed(decimals).replace("-", "\u2212") }));
}

function digits(value, count = 4) {
  return value === null ? "not a number" : String(Number(value.toPrecision(count))).replace("-", "\u2212");
}
