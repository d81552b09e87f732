"""Write the tables of the pages about results from finished results: no number there is typed.

    python -m docs.generate.replication [RESULTS] [--page why]

`make replication` does so for results/. A page whose experiments have not been run stays as it is,
and so does the part of a page that is about one of them. The tables begin with the version, commit
and processor that judged them, from the results' logs.
"""

import argparse
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from geomem.claims.compare import compared, differences, network_names
from geomem.config.cli import combined
from geomem.config.experiments import resolve, selected
from geomem.figures import compare, seeds
from geomem.registry.claims import TARGETS
from geomem.storage.tables import read_table

from docs.generate import figure_3, markdown, processors
from docs.generate.origin import ROOT, made_by, origin

DOCS = ROOT / "docs"
BEGIN, END = "<!-- from results: begin -->", "<!-- from results: end -->"
# The means that figures and verdicts use, and how many digits tell their differences.
MEANS = {"capacity": "Capacity", "radius_iqm": "Radius", "dimension_iqm": "Dimension"}
_DIGITS = {"capacity": 3, "radius_iqm": 2, "dimension_iqm": 1}


@dataclass(frozen=True)
class Page:
    """A page and the experiments that it is about.

    Attributes
    ----------
    preset : str or None
        Whose experiments they are; None: those of config.yaml.
    figures : dict of str to str
        By name in docs/figures: the path of a figure in the results.
    side_by_side : tuple of str
        Targets whose effects stand side by side, instead of all tables of each experiment.
    over_width : dict of str to str
        Experiments that measure the same networks in other ways, and what the ways are called:
        their verdicts, and tables of means over seeds by width.
    beside_the_paper : bool
        Whether each experiment has a table of permuted examples beside the paper's Figure 3.
    on_processors : tuple of str
        Experiments whose verdicts are kept, and shown beside those of other processors.
    """

    preset: str | None = None
    figures: dict = field(default_factory=dict)
    side_by_side: tuple = ()
    over_width: dict = field(default_factory=dict)
    beside_the_paper: bool = False
    on_processors: tuple = ()


PAGES = {
    "replication": Page(figures={"depth": "depth/figures/depth"}, on_processors=("depth",)),
    "why": Page(
        "factors",
        side_by_side=("T1-permuted", "N-permuted", "T2-final", "T4", "N-restored", "T5"),
    ),
    "double-descent": Page(
        "double-descent",
        figures={
            "double-descent": "double-descent/figures/width",
            "double-descent-epochs": "double-descent-epochs/figures/accuracy",
        },
        over_width={"double-descent": "own K", "double-descent-one-k": "one K"},
    ),
    "photographs": Page(
        "photographs-deep",
        figures={
            "photographs": "photographs-vgg16/figures/depth",
            "photographs-all": "photographs-vgg16-all/figures/depth",
            "photographs-resnet18": "photographs-resnet18/figures/depth",
            "photographs-resnet18-all": "photographs-resnet18-all/figures/depth",
        },
        beside_the_paper=True,
    ),
}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", nargs="?", default="results", type=Path)
    parser.add_argument("--page", choices=list(PAGES), help="this one alone")
    arguments = parser.parse_args(argv)
    for name in [arguments.page] if arguments.page else PAGES:
        fill(name, PAGES[name], arguments.results)


def fill(name, page, results):
    """Write the part of a page between the marks, and its figures."""
    preset = [ROOT / "presets" / f"{page.preset}.yaml"] if page.preset else []
    config = combined([ROOT / "config.yaml", *preset])
    claims = {
        experiment: read_table(path)
        for experiment in selected(config)
        if (path := results / experiment / "claims" / "claims.parquet").is_file()
    }
    if not claims:
        print(f"docs/{name}.md stays as it is: {results} holds none of its experiments")
        return
    path = DOCS / f"{name}.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    old, _, after = rest.partition(END)
    made = {experiment: made_by(results / experiment) for experiment in claims}
    every = "\n".join(f"- `{experiment}`: {text}" for experiment, text in made.items())
    if page.side_by_side:
        figure = DOCS / "figures" / f"{name}.png"
        parts = [every, *effects(config, claims, page.side_by_side, figure)]
    elif page.over_width:
        # the first has the accuracies: without it there is no page
        ways = {each: way for each, way in page.over_width.items() if each in claims}
        if next(iter(page.over_width)) not in ways:
            print(f"docs/{name}.md stays as it is: {next(iter(page.over_width))} is not finished")
            return
        parts = [every, *over_width(results, ways, claims)]
    else:
        parts_of = by_experiment(old)
        for experiment, found in claims.items():
            parts = [made[experiment], *sections(results / experiment, page.beside_the_paper)]
            if experiment in page.on_processors:
                parts += processors.beside(found, experiment, origin(results / experiment))
            parts_of[experiment] = "\n\n".join([f"## `{experiment}`", *parts])
        parts = [parts_of[experiment] for experiment in selected(config) if experiment in parts_of]
    for figure, source in page.figures.items():
        if (drawn := results / f"{source}.png").exists():
            shutil.copyfile(drawn, DOCS / "figures" / f"{figure}.png")
    body = "\n\n".join(parts)
    path.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", encoding="utf-8")


def by_experiment(body):
    """The parts of a page that are about one experiment each, by its name."""
    starts = re.split(r"^## `(.+)`$", body, flags=re.MULTILINE)[1:]
    return {
        name: f"## `{name}`\n\n{text.strip()}"
        for name, text in zip(starts[::2], starts[1::2], strict=True)
    }


def effects(config, claims, targets, figure):
    """A table for each target with the effect in every experiment; `figure` shows them all."""
    base = resolve(config, selected(config)[0])
    settings = {name: differences(base, resolve(config, name)) for name in claims}
    table = compared(claims, settings, targets)
    compare.draw(table).savefig(figure)
    for target, rows in table.groupby("target", sort=False):
        yield f"## {target}"
        yield _statement(rows.iloc[0])
        yield markdown.table(
            ["setting", "estimator", "effect", "95 % interval, with the range over K", "verdict"],
            [
                [row.setting, row.estimator, f"{row.effect:.3f}", _ends(row.lo, row.hi),
                 f"**{row.verdict}**"]
                for row in rows.itertuples()
            ],
        )  # fmt: skip


def over_width(results, ways, claims, metrics=tuple(MEANS)):
    """Verdicts of each way to measure, accuracies by width, and the final layer's geometry."""
    for experiment, way in ways.items():
        if experiment in claims:
            yield f"## Verdicts, {way}"
            yield from list(verdicts(claims[experiment]))[1:]
    first = results / next(iter(ways)) / "tables"
    rates = read_table(first / "accuracy.parquet")
    rates = rates[rates["metric"] == "accuracy"]
    yield "## Accuracy (%)"
    yield _by_width(
        {
            f"{kind}, {moment} epoch": rates[(rates["kind"] == kind) & rates[moment]]
            for kind, moment in (("test", "best"), ("test", "last"), ("permuted", "last"))
        },
        digits=1,
        scale=100,
    )
    tables = {
        way: read_table(results / experiment / "tables" / "geometry.parquet")
        for experiment, way in ways.items()
    }
    if (path := first / "glue.parquet").exists():
        tables["GLUE"] = read_table(path)
    for metric in metrics:
        yield f"## {MEANS[metric]} of test images in the final layer"
        yield _by_width(
            {
                f"{way}, {moment} epoch": rows[rows[moment]]
                for way, rows in ((way, _final(tables[way], metric)) for way in tables)
                for moment in ("best", "last")
            },
            _DIGITS[metric],
        )


def _final(table, metric):
    """Rows of the test images' mean in the final layer; GLUE has one mean, not a robust one too."""
    name = metric if (table["metric"] == metric).any() else metric.removesuffix("_iqm")
    whole = table[table["manifold"].isna() & (table["kind"] == "test") & (table["metric"] == name)]
    return whole[whole["layer_index"] == whole["layer_index"].max()]


def _by_width(columns, digits, scale=1):
    """A table with a row for each width: means over seeds with their intervals.

    With one seed the interval is that of its measurement. A width without a value has an empty
    cell.
    """
    means = {
        head: seeds.over_seeds(rows, ["metric", "width"]).set_index("width")[["value", "lo", "hi"]]
        * scale
        for head, rows in columns.items()
    }
    widths = sorted(set().union(*(table.index for table in means.values())))
    lines = [
        [
            f"{width}",
            *(
                "{:.{d}f} ({:.{d}f} to {:.{d}f})".format(*table.loc[width], d=digits)
                if width in table.index
                else ""
                for table in means.values()
            ),
        ]
        for width in widths
    ]
    return markdown.table(["width", *means], lines)


def sections(folder, beside_the_paper=False):
    """The tables of one experiment as Markdown, each with a heading."""
    if beside_the_paper:
        lines = figure_3.rows(read_table(folder / "tables" / "geometry.parquet"))
        known = [i for i in range(len(figure_3.HEADS)) if any(line[i] for line in lines)]
        beside = "" if len(known) < len(figure_3.HEADS) else ", beside Figure 3 of the paper"
        yield f"### Permuted examples by layer{beside}"
        heads = [figure_3.HEADS[i] for i in known]
        yield markdown.table(heads, [[line[i] for i in known] for line in lines])
    yield from verdicts(read_table(folder / "claims" / "claims.parquet"))
    yield from accuracy(read_table(folder / "tables" / "accuracy.parquet"))
    path = folder / "tables" / "geometry.parquet"
    if path.exists():
        table = read_table(path)
        if len(table.drop_duplicates(["width", "noise"])) > 1:
            return  # means over seeds alone: networks of several sizes have none in common
        yield from geometry(table)
        yield from quality(table)


def accuracy(table):
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
    yield "### Accuracy (%)"
    yield markdown.table(heads.split(" | "), lines)


def verdicts(claims):
    """How many targets got which verdict, and a table of those that were measured."""
    heads = ["target", "statement", "effect", "95 % interval", "over K", "verdict", "remark"]
    measured = claims[claims["verdict"] != "not measured"]
    lines = [
        [
            markdown.target_name(row, network),
            _statement(row),
            f"{row.effect:.3f}",
            _ends(row.total_lo, row.total_hi),
            _ends(row.low_rank_lo, row.low_rank_hi),
            f"**{row.verdict}**",
            _cell(row.remark),
        ]
        for row, network in zip(measured.itertuples(), network_names(measured), strict=True)
    ]
    counts = measured["verdict"].value_counts()
    yield "### Verdicts"
    if measured.empty:
        yield f"This experiment measures none of the {len(claims)} targets."
        return
    yield f"{', '.join(f'{number} {verdict}' for verdict, number in counts.items())}."
    yield markdown.table(heads, lines)


def geometry(table):
    """A table for each quantity: means over manifolds and seeds, by layer and kind, last epoch."""
    whole = table[table["manifold"].isna() & table["last"]]
    means = whole.groupby(["layer_index", "layer", "kind", "metric"])["value"].mean()
    kinds = list(dict.fromkeys(whole["kind"]))
    layers = list(whole.groupby(["layer_index", "layer"]).groups)
    for metric, name in (*MEANS.items(), ("low_rank_k", "Removed directions K")):
        digits = _DIGITS.get(metric, 1)
        yield f"### {name}, last epoch"
        yield markdown.table(
            ["layer", *kinds],
            [
                [layer, *(f"{means[index, layer, kind, metric]:.{digits}f}" for kind in kinds)]
                for index, layer in layers
            ],
        )


def quality(table):
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
    yield "### Quality of the means"
    yield markdown.table(heads, lines)


def _statement(row):
    """As the registry words it now: results that were judged earlier may have other words."""
    target = TARGETS.get(row.target)
    return _cell(target.statement.replace("{}", f"{row.threshold:g}") if target else row.statement)


def _only(rows):
    return float(rows["value"].iloc[0]) if len(rows) else np.nan


def _ends(lo, hi):
    return f"{lo:.3f} to {hi:.3f}" if np.isfinite([lo, hi]).all() else ""


def _cell(text):
    return str(text).replace("|", "/")


if __name__ == "__main__":
    main()
