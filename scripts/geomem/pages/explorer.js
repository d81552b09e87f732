// The explorer's controls and charts. `content` holds one section per table; a row of a section is
// a code per column of text and a number per column of numbers. Every text reaches the page through
// textContent or Vega, neither of which reads HTML.
"use strict";
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const SHARED = ["width", "noise", "seed"];
  const AXIS = ["layer", "warnings", "file"]; // columns one cannot choose a value of
  const MOST_LISTED = 300;
  const chosen = {}; // values of width, noise and seed, for all sections

  const text = (value) => content.texts[value] ?? value;
  const title = (name) => content.names[name] ?? name;

  function element(tag, words, parent, attributes = {}) {
    const made = document.createElement(tag);
    made.textContent = words;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.append(made);
    return made;
  }

  // A labelled menu; nothing is added where there is nothing to choose.
  function menu(form, id, name, options, selected, changed) {
    if (options.length < 2) return;
    const label = element("label", "", form, { for: id });
    element("span", name, label);
    const select = element("select", "", label, { id });
    for (const option of options) {
      const made = element("option", text(option), select, { value: option });
      made.selected = option === selected;
    }
    select.addEventListener("change", () => changed(select.value));
  }

  // Rows in which each column named by `fixed` has the value given.
  function rowsOf(section, fixed) {
    const wanted = [];
    for (const [column, value] of Object.entries(fixed)) {
      if (!(column in section.known)) continue;
      const code = section.known[column].indexOf(value);
      if (code < 0) return [];
      if (section.codes[column]) wanted.push([section.codes[column], code]);
    }
    const found = [];
    for (let i = 0; i < section.length; i++) {
      if (wanted.every(([codes, code]) => codes[i] === code)) found.push(row(section, i));
    }
    return found;
  }

  function row(section, i) {
    const made = {};
    for (const [column, known] of Object.entries(section.known)) {
      made[column] = known[section.codes[column] ? section.codes[column][i] : 0];
    }
    for (const [column, values] of Object.entries(section.numbers)) made[column] = values[i];
    made.number = digits(made.value);
    made.interval = made.hi === null ? "not known"
      : made.lo === null ? `at most ${digits(made.hi)}` : `${digits(made.lo)} to ${digits(made.hi)}`;
    made.when = content.named.includes(made.epoch)
      ? `${made.epoch} (${made.seed === content.mean ? "on average " : ""}${digits(made.at)})` : made.epoch;
    made.averaged = made.seed === content.mean ? `mean of ${made.seeds}` : made.seed;
    made.warned = made.warnings || "none";
    return made;
  }

  function digits(value) {
    return value === null ? "not a number" : String(Number(value.toPrecision(4)));
  }

  function unit(section, state) {
    if (section.name === "rewind") return section.units.accuracy;
    const metric = state.lines === "metric" ? section.known.metric[0] : state.metric;
    return section.units[metric] ?? metric;
  }

  // What a pointer resting on a mark is told.
  function tooltip(section, measured) {
    const fields = [["number", measured], ["interval", "interval"]];
    for (const column of ["layer", "when", "kind", "scheme", "batch_norm", "part", "metric"]) {
      const known = column === "when" ? "epoch" : column;
      if (known in section.known) fields.push([column, title(known)]);
    }
    fields.push(["width", "width"], ["noise", "label noise"], ["averaged", "seed"]);
    if ("warnings" in section.known) fields.push(["warned", "warnings"]);
    fields.push(["file", "file"]);
    return fields.map(([field, name]) => ({ field, type: "nominal", title: name }));
  }

  const CONFIG = {
    font: "DejaVu Sans, sans-serif",
    axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal", gridColor: "#e6e6e6" },
    legend: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal", symbolLimit: 60, symbolOpacity: 1 },
    view: { stroke: null },
  };

  function heatMap(section, state, rows) {
    const epochs = section.known.epoch.length;
    const measured = unit(section, state);
    return {
      description: `${measured} by layer and epoch`,
      data: { values: rows },
      width: { step: Math.max(16, Math.min(40, 560 / section.known.layer.length)) },
      height: { step: Math.max(10, Math.min(26, 420 / epochs)) },
      config: CONFIG,
      encoding: {
        x: { field: "layer", type: "ordinal", sort: section.known.layer, title: "layer", axis: { labelAngle: -45 } },
        y: { field: "epoch", type: "ordinal", sort: section.known.epoch, title: "epoch" },
        tooltip: tooltip(section, measured),
      },
      layer: [
        { mark: { type: "rect", invalid: null }, encoding: { color: {
          condition: { test: "datum.value === null", value: "#cccccc" },
          field: "value", type: "quantitative", title: measured.split(" (")[0],
          scale: { scheme: "viridis", zero: false },
        } } },
        ...(rows.some((r) => r.warnings) ? [{ transform: [{ filter: "datum.warnings" }],
          mark: { type: "point", shape: "circle", size: 28, color: "white", strokeWidth: 1.4 } }] : []),
      ],
    };
  }

  function lineChart(section, state, rows) {
    const measured = unit(section, state);
    const overEpochs = !("layer" in section.known);
    const x = overEpochs
      ? { field: "at", type: "quantitative", title: "epoch", scale: { nice: false } }
      : { field: "layer", type: "ordinal", sort: section.known.layer, title: "layer", axis: { labelAngle: -45 } };
    const series = state.lines;
    const known = section.known[series].filter((value) => rows.some((r) => r[series] === value));
    const numeric = ["epoch", "width", "noise"].includes(series);
    const colors = numeric ? { scheme: "viridis", domain: known }
      : { domain: known, range: known.map((value, i) => content.colors[value] ?? OTHERS[i % OTHERS.length]) };
    const look = { field: series, type: numeric ? "ordinal" : "nominal", title: title(series), sort: known };
    const best = overEpochs ? rows.filter((r) => r.epoch === "best") : [];
    const drawn = rows.filter((r) => r.value !== null && !best.includes(r));
    const interval = { y: { field: "lo", type: "quantitative", title: measured, scale: { zero: false } }, y2: { field: "hi" } };
    const bounded = { filter: "isValid(datum.lo) && isValid(datum.hi)" };
    const bar = overEpochs ? { type: "area", opacity: 0.2, tooltip: false } : { type: "rule", strokeWidth: 1.2, opacity: 0.7 };
    const layers = [
      ...(drawn.some((r) => r.lo !== null) ? [{ transform: [bounded], mark: bar, encoding: interval }] : []),
      { mark: { type: "line", strokeWidth: 1.6 },
        encoding: { y: { field: "value", type: "quantitative", title: measured, scale: { zero: false } } } },
      { mark: { type: "point", filled: true, size: overEpochs ? 14 : 36, opacity: 1 },
        encoding: {
          y: { field: "value", type: "quantitative", title: measured },
          shape: numeric ? { value: "circle" } : { ...look, scale: { domain: known } },
          tooltip: tooltip(section, measured),
        } },
    ];
    if (drawn.some((r) => r.warnings)) {
      layers.push({ transform: [{ filter: "datum.warnings" }],
        mark: { type: "point", filled: true, size: 9, opacity: 1, tooltip: false },
        encoding: { y: { field: "value", type: "quantitative" }, color: { value: "white" } } });
    }
    if (best.length) {
      layers.push({ data: { values: [...new Set(best.map((r) => r.at))].map((at) => ({ at })) },
        mark: { type: "rule", strokeDash: [2, 3], color: "#555" },
        encoding: { x: { field: "at", type: "quantitative" }, color: { value: "#555" } } });
    }
    return {
      description: `${measured} ${overEpochs ? "over epochs" : "over layers"}, a line per ${title(series)}`,
      data: { values: drawn },
      width: 520,
      height: 300,
      config: CONFIG,
      encoding: { x, color: { ...look, scale: colors } },
      layer: layers,
    };
  }
  const OTHERS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"];

  // The numbers behind the lines, for readers without a pointer and for print.
  function listing(place, section, rows, measured) {
    place.replaceChildren();
    element("summary", "Numbers and files of the lines", place);
    const columns = ["layer", "when", "kind", "scheme", "batch_norm", "part", "metric", "averaged"]
      .filter((column) => column in section.known || ["when", "averaged"].includes(column));
    const table = element("table", "", place);
    const head = element("tr", "", element("thead", "", table));
    const names = { when: "epoch", averaged: "seed" };
    for (const name of [...columns.map((c) => title(names[c] ?? c)), measured, "interval", "file"]) {
      element("th", name, head, { scope: "col" });
    }
    const body = element("tbody", "", table);
    for (const one of rows.slice(0, MOST_LISTED)) {
      const line = element("tr", "", body);
      for (const column of columns) element("td", text(one[column]), line);
      element("td", one.number, line, { class: "number" });
      element("td", one.interval, line);
      element("td", one.file, line);
    }
    if (rows.length > MOST_LISTED) {
      element("p", `${rows.length - MOST_LISTED} more are in tables/${section.name}.parquet.`, place, { class: "note" });
    }
  }

  function makeSection(section) {
    const place = element("section", "", document.getElementById("sections"), { id: section.name });
    element("h2", section.title, place);
    const form = element("form", "", place);
    const status = element("p", "", place, { class: "note", role: "status" });
    const charts = element("div", "", place, { class: "charts" });
    const heat = section.heat ? element("div", "", charts, { class: "heat" }) : null;
    const lines = element("div", "", charts, { class: "lines" });
    const details = element("details", "", place);
    for (const note of section.notes) element("p", note, place, { class: "note" });
    if (section.heat && "warnings" in section.known && section.known.warnings.length > 1) {
      element("p", "White circles and open marks: values with a warning.", place, { class: "note" });
    }

    const state = { lines: section.lines };
    const own = Object.keys(section.known).filter((c) => !SHARED.includes(c) && !AXIS.includes(c));
    const overEpochs = !("layer" in section.known);
    const fixable = own.filter((column) => !(overEpochs && column === "epoch"));
    const offers = Object.fromEntries(fixable.map((column) => [column, offered(section, column)]));
    for (const column of fixable) state[column] = offers[column][0];
    const perLine = [...fixable, ...SHARED].filter(
      (column) => (offers[column] ?? section.known[column]).length > 1 && !(column === "metric" && section.name !== "simulation"));
    if (!perLine.includes(state.lines)) state.lines = perLine[0] ?? fixable[0];
    const change = (name) => (value) => { state[name] = value; draw(); };
    for (const column of fixable) {
      const name = column === "epoch" && section.heat ? "epoch (of the lines)" : title(column);
      menu(form, `${section.name}-${column}`, name, offers[column], state[column], change(column));
    }
    menu(form, `${section.name}-lines`, "a line per", perLine, state.lines, change("lines"));
    for (const option of form.querySelectorAll(`#${section.name}-lines option`)) option.textContent = title(option.value);

    function draw() {
      const fixed = { ...chosen };
      for (const column of fixable) fixed[column] = state[column];
      const free = (column) => { const left = { ...fixed }; delete left[column]; return left; };
      const measured = unit(section, state);
      const ofLines = rowsOf(section, free(state.lines)).filter((r) => r.layer !== content.whole);
      for (const column of fixable) {
        const select = document.getElementById(`${section.name}-${column}`);
        // The heat map is of one value of everything but the epoch; the lines are of all epochs.
        if (select) select.disabled = column === state.lines && (!heat || column === "epoch");
      }
      const done = [];
      if (heat) {
        const cells = rowsOf(section, free("epoch")).filter((r) => r.layer !== content.whole);
        done.push(show(heat, cells.length ? heatMap(section, state, cells) : null));
      }
      done.push(show(lines, ofLines.length ? lineChart(section, state, ofLines) : null));
      listing(details, section, ofLines.filter((r) => !(overEpochs && r.epoch === "best")), measured);
      status.textContent = sentence(section, state, fixed, ofLines.length, ofLines.filter((r) => r.value === null).length);
      return Promise.all(done);
    }
    return draw;
  }

  // Values of a column that charts have rows of. Those of the whole network (nothing or everything
  // rewound) have no layer: a sentence tells them.
  function offered(section, column) {
    const drawn = new Set(rowsOf(section, {}).filter((r) => r.layer !== content.whole).map((r) => r[column]));
    return section.known[column].filter((value) => drawn.has(value));
  }

  function sentence(section, state, fixed, count, unknown) {
    if (!count) return "Nothing was measured for this choice.";
    if (section.name !== "rewind") {
      return unknown ? `${unknown} of ${count} have no value, at most an upper bound: see the list below.` : "";
    }
    const none = { ...fixed };
    delete none.epoch;
    const found = rowsOf(section, { ...none, scheme: "none" })
      .map((r) => `nothing rewound ${r.number} % (${r.interval})`);
    const all = rowsOf(section, { ...none, scheme: "all" })
      .map((r) => `all rewound to the ${r.epoch === "best" ? "best epoch" : `epoch ${r.when}`} ${r.number} % (${r.interval})`);
    return `The whole network: ${[...found, ...all].join("; ")}.`;
  }

  function show(place, spec) {
    if (!spec) { place.replaceChildren(); return Promise.resolve(); }
    return vegaEmbed(place, spec, {
      renderer: "svg",
      actions: { export: true, source: false, compiled: false, editor: false },
      downloadFileName: content.experiment,
    });
  }

  const draws = [];
  const redraw = () => Promise.all(draws.map((draw) => draw()));
  const shared = document.getElementById("shared");
  for (const column of SHARED) {
    const values = [...new Set(content.sections.flatMap((section) => section.known[column]))];
    // Without label noise nothing is permuted, so noise starts at its highest.
    chosen[column] = column === "noise" ? values.at(-1) : values[0];
    menu(shared, column, title(column), values, chosen[column], (value) => { chosen[column] = value; redraw(); });
  }
  for (const section of content.sections) draws.push(makeSection(section));
  window.drawn = redraw(); // a promise, settled when all charts are there
})();
