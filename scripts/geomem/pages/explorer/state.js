// What is chosen: `wish`, as the reader chose it, kept in the address; `settled` makes of it a choice
// that there are rows of. A view has a map over two columns (`heat`), lines across one (`across`), and
// columns that are `free`: all of their values are drawn.
const VIEWS = {
  layers: { title: "Layers and epochs", heat: ["layer", "epoch"], across: ["layer", "epoch"], free: ["layer"] },
  profile: { title: "Directions removed", heat: ["k", "layer"], across: ["k"], free: [] },
  manifolds: { title: "Manifolds in a plane", heat: null, across: [], free: ["layer", "manifold"] },
  epochs: { title: "Accuracy over epochs", heat: null, across: ["epoch"], free: ["epoch"] },
  rewinding: { title: "Rewinding", heat: ["layer", "epoch"], across: ["layer"], free: ["layer"] },
  examples: { title: "Single images", heat: null, across: [], free: ["index", "true_label", "assigned_label", "suffix_layer"] },
};
const SUBTRACTED = ["experiment", ...RUN, "epoch", "kind"];
const SAME = "same";
let wish = {};

function readAddress() {
  wish = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

function writeAddress(state) {
  const asked = Object.entries(state).filter(([, value]) => value !== SAME);
  const address = `#${new URLSearchParams(asked)}`;
  if (location.hash === address) return;
  try {
    history.replaceState(null, "", address);
  } catch {
    // Within a report the page has no address of its own.
  }
}

// A value of each control, `state`, and what else could be chosen, `offers`, both by the control's
// name. A wish that cannot be had is kept for when it can.
function settled() {
  const state = {}, offers = {};
  const choose = (key, options, first = options[0]) => {
    offers[key] = options;
    state[key] = options.includes(wish[key]) ? wish[key] : first;
    return state[key];
  };
  const names = content.experiments.map((one) => one.name);
  // The experiment with most to see comes first.
  const [fullest] = [...content.experiments].sort((a, b) => b.tables.length - a.tables.length);
  const chosen = choose("experiment", names, fullest.name);
  const { tables } = content.experiments.find((one) => one.name === chosen);
  choose("view", Object.keys(VIEWS).filter((name) => tables.some((one) => one.view === name)));
  const view = VIEWS[state.view];
  choose("table", tables.filter((one) => one.view === state.view).map((one) => one.name));
  const table = tableOf(state.experiment, state.table);
  // Without label noise nothing is permuted, so noise starts at its highest.
  for (const column of RUN) choose(column, table.known[column], table.known[column].at(column === "noise" ? -1 : 0));

  const fixed = Object.fromEntries(RUN.map((column) => [column, state[column]]));
  const own = dimensions(table).filter((column) => !view.free.includes(column));
  for (const column of own) {
    choose(column, valuesOf(table, column, fixed));
    if (column === "metric" && table.lines !== "metric") fixed.metric = state.metric;
  }
  if (state.view === "examples") chooseSheet(choose, table, { ...fixed, group: state.group });
  const charts = chooseCharts(choose, { state, offers, table, view, fixed });
  const other = view.across.length ? chooseOther(choose, names, state, table, view) : table;
  const idle = own.filter((column) => charts.every((free) => free.includes(column)));
  return { state, offers, table, other, view, charts, idle };
}

// What the lines are, and which columns each chart leaves free.
function chooseCharts(choose, { state, offers, table, view, fixed }) {
  if (!view.across.length) return [view.free];
  const across = choose("across", view.across);
  const series = [...dimensions(table), ...RUN].filter((column) => column !== across
    && (column !== "metric" || table.lines === "metric")
    && (offers[column] ?? valuesOf(table, column, fixed)).length > 1);
  if (!series.length) series.push("kind" in table.known ? "kind" : "metric");
  const first = [table.lines, "layer"].find((column) => series.includes(column));
  const lines = choose("lines", series, first ?? series[0]);
  // Of one level a map would tell less than its line.
  const mapped = view.heat && valuesOf(table, view.heat[1], fixed).length > 1;
  return mapped ? [view.heat, [across, lines]] : [[across, lines]];
}

// What is subtracted: another experiment, network, epoch or kind; returns the table that has it.
function chooseOther(choose, names, state, table, view) {
  const others = names.filter((name) => name !== state.experiment && tableOf(name, table.name));
  const from = choose("minus-experiment", [SAME, ...others]);
  const other = from === SAME ? table : tableOf(from, table.name);
  for (const column of SUBTRACTED.slice(1)) {
    if (!(column in table.known) || (view.free.includes(column))) continue;
    // Another experiment may not have this network; where it has only one, nothing is asked.
    const there = other.known[column], only = RUN.includes(column) && !there.includes(state[column]);
    choose(`minus-${column}`, only ? there : [SAME, ...(other === table && there.length < 2 ? [] : there)]);
  }
  return other;
}

function isDifference(state) {
  return Object.entries(state).some(([key, value]) => key.startsWith("minus-") && value !== SAME);
}
