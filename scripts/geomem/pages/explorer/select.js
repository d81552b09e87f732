// Which rows are shown for a choice, and differences between them.

// Rows with the chosen value of every column but those `free`, less what is subtracted.
function chosenRows({ state, table, other }, free) {
  const fixed = {};
  for (const column of [...RUN, ...dimensions(table)]) {
    if (column in state && !free.includes(column)) fixed[column] = state[column];
  }
  const order = free.map((column) => new Map(table.known[column].map((text, i) => [text, i])));
  const before = (a, b) => {
    for (let i = free.length - 1; i >= 0; i--) {
      const way = order[i].get(a[free[i]]) - order[i].get(b[free[i]]);
      if (way) return way;
    }
    return 0;
  };
  const rows = rowsOf(table, fixed).sort(before);
  return isDifference(state) ? differences(rows, fixed, state, table, other) : rows;
}

// Each row less its counterpart: the row of `other` with what is subtracted, otherwise the same.
function differences(rows, fixed, state, table, other) {
  const changed = {};
  for (const column of SUBTRACTED.slice(1)) {
    const value = state[`minus-${column}`] ?? SAME;
    if (value !== SAME) changed[column] = value;
  }
  const columns = [...RUN, ...dimensions(table)];
  const key = (row) => columns.map((column) => row[column]).join("\n");
  const index = (from, those) => new Map(rowsOf(from, those).map((row) => [key(row), row]));
  const { seed: _, ...ofAnySeed } = fixed;
  const before = index(other, { ...ofAnySeed, ...changed });
  const bySeed = index(table, ofAnySeed);
  const seeds = table.known.seed.filter((seed) => seed !== content.mean);
  const found = [];
  for (const row of rows) {
    const counterpart = { ...row, ...changed };
    const itself = other === table && key(counterpart) === key(row);
    const pairs = row.seed === content.mean && !changed.seed
      ? seeds.map((seed) => [bySeed.get(key({ ...row, seed })), before.get(key({ ...counterpart, seed }))])
      : [[row, before.get(key(counterpart))]];
    const known = pairs.filter(([a, b]) => a?.value != null && b?.value != null);
    if (itself || !known.length) continue;
    const warnings = together(...known.flat().map((one) => one.warnings));
    const difference = known.length > 1 ? paired(known) : independent(...known[0]);
    found.push({ ...row, ...difference, warnings, chosen: "", seeds: known.length });
  }
  return found;
}

// The mean of the seeds' differences, with Student's t interval of them.
function paired(pairs) {
  const all = pairs.map(([a, b]) => a.value - b.value), n = all.length;
  const value = all.reduce((sum, one) => sum + one, 0) / n;
  const variance = all.reduce((sum, one) => sum + (one - value) ** 2, 0) / (n - 1);
  const half = Math.sqrt(variance / n) * content.quantiles[Math.min(n - 1, content.quantiles.length) - 1];
  return { value, lo: value - half, hi: value + half };
}

// The interval were both measured independently (Zou and Donner 2008): too wide for one network on
// the same images.
function independent(row, earlier) {
  const known = [row.lo, row.hi, earlier.lo, earlier.hi].every((end) => end !== null);
  const value = row.value - earlier.value;
  return {
    value,
    lo: known ? value - Math.hypot(row.value - row.lo, earlier.hi - earlier.value) : null,
    hi: known ? value + Math.hypot(row.hi - row.value, earlier.value - earlier.lo) : null,
  };
}

function together(...texts) {
  return [...new Set(texts.flatMap((text) => text.split("\n")))].filter(Boolean).join("\n");
}
