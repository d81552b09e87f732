// Axes and colours: rounded ticks, ranges that a warned value cannot widen, colours for any vision.
const VIRIDIS = [
  "#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725",
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

// A colour for each value of a column. Ordered ones get the ramp but for its end that the paper hides.
function seriesColors(column, values, theme) {
  const dark = theme === DARK, colors = {};
  values.forEach((value, i) => {
    const share = values.length > 1 ? i / (values.length - 1) : 0;
    const color = ORDERED.includes(column) ? mixed(VIRIDIS, dark ? 0.25 + 0.75 * share : 0.88 * share)
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

function digits(value) {
  return value === null ? "not a number" : String(Number(value.toPrecision(4))).replace("-", "\u2212");
}
