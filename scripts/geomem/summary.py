"""`geomem summary EXPERIMENT`: its main numbers, read off its tables."""

from pathlib import Path

from geomem import commands
from geomem.claims.page import markdown_rows
from geomem.errors import InputError
from geomem.storage.tables import read_table

RUN = ["width", "noise", "seed"]
WARNED = " !"
_TITLES = {
    "accuracy": "accuracy (%)",
    "geometry": "geometry of the last layer",
    "rewind": "accuracy (%) with layers rewound",
}


def main(argv=None):
    """Print the main numbers of an experiment as Markdown tables."""
    parser = commands.parser("summary", main.__doc__)
    parser.add_argument("experiment", help="its name, such as depth, or its folder")
    folder = _tables(parser.parse_args(argv).experiment)
    found = {path.stem: read_table(path) for path in sorted(folder.glob("*.parquet"))}
    makers = (("accuracy", accuracies), ("geometry", geometries), ("rewind", recoveries))
    for name, make in makers:
        if name in found:
            text = markdown(make(found[name]))
            print(f"\n{_TITLES[name]}\n\n{text}")
            if WARNED in text:
                print(f"\n{WARNED.strip()}: with a warning, in the column `warnings` of the table")
    claims = folder.parent / "claims" / "claims.parquet"
    if claims.is_file():
        print(f"\nclaims\n\n{markdown(markdown_rows(read_table(claims)))}")
    return 0


def _tables(experiment):
    folders = [Path(experiment) / "tables", Path("results") / experiment / "tables"]
    for folder in folders:
        if folder.is_dir():
            return folder
    there = ", ".join(sorted(path.parent.name for path in Path("results").glob("*/tables")))
    raise InputError(
        f"neither {folders[0]} nor {folders[1]} is a folder; give the name or the folder of an "
        f"experiment that has been run (in results: {there or 'none'})"
    )


def accuracies(table):
    """Accuracy in per cent at each run's best and last epoch, one row per run."""
    rates = table[(table["metric"] == "accuracy") & (table["best"] | table["last"])]
    rows = []
    for (width, noise, seed), run in rates.groupby(RUN):
        row = {"width": width, "noise": noise, "seed": seed}
        for moment in ("best", "last"):
            at = run[run[moment]].set_index("kind")
            if len(at):
                row[f"{moment} epoch"] = at["epoch"].iloc[0]
                for kind in ("test", "permuted", "restored", "unpermuted"):
                    if kind in at.index:
                        row[f"{kind} {moment}"] = f"{100 * at.loc[kind, 'value']:.1f}"
        rows.append(row)
    return rows


def geometries(table):
    """Geometry of the final layer at the best and the last epoch, one row per run and kind."""
    whole = table[table["manifold"].isna()]
    # a network may have more layers at a larger width
    whole = whole[whole["layer_index"] == whole.groupby(RUN)["layer_index"].transform("max")]
    rows = []
    for (*run, layer, kind), part in whole.groupby([*RUN, "layer", "kind"]):
        row = dict(zip([*RUN, "layer", "kind"], [*run, layer, kind], strict=True))
        for moment in ("best", "last"):
            at = part[part[moment]].set_index("metric")
            for metric in ("capacity", "radius", "dimension"):
                if metric in at.index:
                    value, lo, hi, warnings = at.loc[metric, ["value", "lo", "hi", "warnings"]]
                    mark = WARNED if warnings else ""
                    row[f"{metric} {moment}"] = f"{value:.3g} [{lo:.3g}, {hi:.3g}]{mark}"
        rows.append(row)
    return rows


def recoveries(table):
    """Test and permuted accuracy in per cent with a suffix of layers rewound."""
    suffixes = table[table["scheme"].isin(["suffix", "none"])]
    rows = []
    keys = [*RUN, "epoch", "batch_norm", "layer_index", "layer", "scheme"]
    for key, part in suffixes.groupby(keys, dropna=False):
        named = dict(zip(keys, key, strict=True))
        at = part.set_index("kind")["value"]
        named["layer"] = "nothing" if named["scheme"] == "none" else f"{named['layer']} and after"
        del named["layer_index"], named["scheme"]
        rows.append({**named, "test": f"{100 * at['test']:.1f}", **_permuted(at)})
    return rows


def _permuted(at):
    return {"permuted": f"{100 * at['permuted']:.1f}"} if "permuted" in at.index else {}


def markdown(rows):
    """A Markdown table of dicts; columns in the order in which they first appear."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        lines.append("| " + " | ".join(str(row.get(name, "")) for name in columns) + " |")
    return "\n".join(lines)
