"""Write the tables of docs/replication.md from finished results: no number on that page is typed.

    python -m docs.generate.replication [RESULTS] [--page docs/replication.md]

`make replication` does so for results/. Every table names the version, commit and processor that
its numbers are from.
"""

import argparse
import platform
import re
import subprocess
from pathlib import Path

import numpy as np
from geomem import __version__
from geomem.storage.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- from results: begin -->", "<!-- from results: end -->"
MEANS = ("capacity", "radius_iqm", "dimension_iqm")  # those that figures and verdicts use


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", nargs="?", default="results", type=Path)
    parser.add_argument("--page", default=ROOT / "docs" / "replication.md", type=Path)
    arguments = parser.parse_args(argv)
    names = sorted(path.parent.parent.name for path in arguments.results.glob("*/claims/*.parquet"))
    if not names:
        parser.error(f"{arguments.results} holds no finished experiment; run `make run` first")
    parts = [part for name in names for part in sections(arguments.results / name, made_by())]
    text = arguments.page.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    filled = f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}"
    arguments.page.write_text(filled, encoding="utf-8")


def made_by():
    """Version, commit and processor, for captions."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return f"geomem {__version__}, commit {said.stdout.strip() or 'unknown'}, {processor()}"


def processor():
    """The processor's name, and whether it has AVX-512."""
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"model name\s*: (.*)", said)
    wide = "with AVX-512" if "avx512f" in said else "without AVX-512"
    return f"{name[1] if name else platform.machine()} {wide}"


def sections(folder, made):
    """The tables of one experiment as Markdown, each with a heading."""
    yield f"## `{folder.name}`"
    yield accuracy(read_table(folder / "tables" / "accuracy.parquet"), made)
    claims = read_table(folder / "claims" / "claims.parquet")
    yield verdicts(claims, made)
    path = folder / "tables" / "geometry.parquet"
    if path.exists():
        table = read_table(path)
        yield geometry(table, made)
        yield quality(table, made)


def accuracy(table, made):
    """Accuracies of each network at its best and last epoch."""
    rows = table[table["metric"] == "accuracy"]
    heads = "width | label noise | seed | best epoch | test, best | test, last | permuted, last"
    lines = []
    for (width, noise, seed), of_run in rows.groupby(["width", "noise", "seed"]):
        best, last = of_run[of_run["best"]], of_run[of_run["last"]]
        values = [
            *(_only(of[of["kind"] == kind]) for of, kind in ((best, "test"), (last, "test"))),
            _only(last[last["kind"] == "permuted"]),
        ]
        shown = ["" if np.isnan(value) else f"{100 * value:.1f}" for value in values]
        lines.append([f"{width}", f"{noise:g}", f"{seed}", str(best["epoch"].iloc[0]), *shown])
    return _table(f"Accuracy (%). {made}.", heads.split(" | "), lines)


def verdicts(claims, made):
    """Effect, total interval, range over K and verdict of every target that was measured."""
    heads = ["target", "estimator", "effect", "interval", "over K", "verdict", "remark"]
    measured = claims[claims["verdict"] != "not measured"]
    lines = [
        [
            row.target,
            row.estimator,
            f"{row.effect:.3f}",
            _ends(row.total_lo, row.total_hi),
            _ends(row.low_rank_lo, row.low_rank_hi),
            row.verdict,
            str(row.remark).replace("|", "/"),
        ]
        for row in measured.itertuples()
    ]
    counts = claims["verdict"].value_counts()
    total = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    return _table(f"Verdicts: {total}. {made}.", heads, lines)


def geometry(table, made):
    """Means over manifolds and seeds, layer by layer, at the last epoch; K in parentheses."""
    whole = table[table["manifold"].isna() & table["last"]]
    means = whole.groupby(["layer_index", "layer", "kind", "metric"])["value"].mean()
    kinds = list(dict.fromkeys(whole["kind"]))
    lines = []
    for (index, layer), _ in whole.groupby(["layer_index", "layer"]):
        cells = []
        for kind in kinds:
            of = means[index, layer, kind]
            values = " / ".join(f"{of[metric]:.3g}" for metric in MEANS)
            cells.append(f"{values} ({of['low_rank_k']:.1f})")
        lines.append([layer, *cells])
    caption = "Capacity / radius / dimension (K removed), last epoch, mean over seeds."
    return _table(f"{caption} {made}.", ["layer", *kinds], lines)


def quality(table, made):
    """How many means carry a warning, and the largest radius."""
    whole = table[table["manifold"].isna()]
    lines = []
    for metric in ("capacity", "radius", "radius_iqm", "dimension", "dimension_iqm"):
        rows = whole[whole["metric"] == metric]
        warned = 100 * (rows["warnings"] != "").mean()
        wide = (rows["k_hi"] / rows["k_lo"]).median()
        lines.append([metric, f"{len(rows)}", f"{warned:.1f}", f"{rows['value'].max():.3g}",
                      f"{100 * (wide - 1):.1f}"])  # fmt: skip
    heads = ["mean", "values", "with a warning (%)", "largest", "median range over K (%)"]
    return _table(f"Quality of the means. {made}.", heads, lines)


def _only(rows):
    return float(rows["value"].iloc[0]) if len(rows) else np.nan


def _ends(lo, hi):
    return f"{lo:.3f} to {hi:.3f}" if np.isfinite([lo, hi]).all() else ""


def _table(caption, heads, lines):
    rows = [heads, ["---"] * len(heads), *lines]
    return f"**{caption}**\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    main()
