"""What the explorer shows of a collected table: means over seeds, each seed, files of origin.

A page has to stay quick, so values of single manifolds stay in the tables, and large tables are
thinned to some of their epochs; notes say what was left out.
"""

import numpy as np
import pandas as pd

from geomem.figures import seeds
from geomem.tables import KEYS

BEST, MEAN, WHOLE = "best", "mean of seeds", "whole network"
MOST_ROWS = 20_000
# Columns of a table that tell its values apart, as the page names them, besides width, noise, seed.
DIMENSIONS = {
    "geometry": ("metric", "kind", "epoch", "layer"),
    "accuracy": ("metric", "kind", "epoch"),
    "rewind": ("scheme", "kind", "batch_norm", "epoch", "layer"),
    "gradients": ("metric", "part", "kind", "epoch", "layer"),
    "simulation": ("metric", "kind", "epoch", "layer"),
}
_RUN = ("width", "noise", "seed")
_BOUND = "an upper bound: not even all features separate half of the dichotomies"
_LEFT_OUT = {
    "geometry": "Values of single manifolds and the residuals of the optimization",
}


def records(name, table, epochs, most=MOST_ROWS):
    """Rows of one collected table for the page.

    Parameters
    ----------
    name : str
        A key of `DIMENSIONS`.
    table : DataFrame
        Collected table of that sort.
    epochs : sequence of int, "best" or "last"
        That the configuration asks to measure; of accuracies, which are measured at all epochs,
        [] will do.
    most : int
        Of rows of single seeds; a larger table is thinned.

    Returns
    -------
    rows : DataFrame
        Columns width, noise, seed and `DIMENSIONS[name]` as text, where an epoch is a number,
        "best" or "last", as asked for; `at`, the epoch as a number, a mean one for means;
        `layer_index`; `value`, `lo`, `hi`, of accuracies in percent; `seeds`, how many of them
        have the value; `warnings`, one a line; `file`, relative to the experiment's folder.
    notes : list of str
        What was left out.
    """
    notes = []
    if name == "geometry":
        table = seeds.whole_set(table)
        table = table[table["metric"] != "kkt_residual"]
    if name in _LEFT_OUT:
        notes.append(f"{_LEFT_OUT[name]} are left out here: tables/{name}.parquet has them.")
    table, note = thinned(name, table, most)
    notes += [note] if note else []
    if not len(table):
        return pd.DataFrame(), notes
    if "reached" in table:
        reached = table["reached"].astype(bool)
        table = table.assign(warnings=np.where(reached, "", _BOUND))
    if "layer" in KEYS[name]:
        table = table.assign(
            layer=table["layer"].replace("", WHOLE),
            layer_index=table["layer_index"].fillna(-1).astype(int),
        )
    labelled = _labelled(name, table, epochs)
    dimensions = list(DIMENSIONS[name])
    order = ["layer_index"] if "layer" in dimensions else []
    single = labelled.assign(at=labelled["number"], seeds=1)
    if "warnings" not in single:
        single["warnings"] = ""
    averaged = _averaged(labelled, dimensions + order, name)
    columns = [*_RUN, *dimensions, *order, "at", "value", "lo", "hi", "seeds", "warnings", "file"]
    rows = _in_percent(pd.concat([averaged, single], ignore_index=True)[columns])
    texts = {"width": rows["width"].map(str), "noise": rows["noise"].map("{:g}".format)}
    return rows.assign(**texts, seed=rows["seed"].map(str)), notes


def thinned(name, table, most):
    """Rows of some epochs, evenly chosen, where a table has more than `most` rows.

    The best and the last epoch of each run always stay.

    Returns
    -------
    DataFrame, and a note on what was left out ("" where nothing was).
    """
    if len(table) <= most:
        return table, ""
    epochs = np.sort(table["epoch"].unique())
    count = max(most * len(epochs) // len(table), 1)
    chosen = epochs[np.unique(np.linspace(0, len(epochs) - 1, count).round().astype(int))]
    kept = table[table["epoch"].isin(chosen) | table["best"] | table["last"]]
    return kept, (
        f"{len(chosen)} of {len(epochs)} epochs are shown, besides the best and the last one: "
        f"tables/{name}.parquet has all."
    )


def _in_percent(table):
    """Accuracies in per cent; a table without metrics (rewind) has nothing else."""
    rates = table["metric"] == "accuracy" if "metric" in table else table["value"].notna()
    shown = {name: table[name].where(~rates, 100 * table[name]) for name in ("value", "lo", "hi")}
    return table.assign(**shown)


def _labelled(name, table, epochs):
    """Rows with `epoch` the text that asked for it, `number` the epoch itself, and their `file`.

    What was asked for twice, as the best epoch and by its number say, comes twice.
    """
    if name == "accuracy":
        epochs = [*sorted(table["epoch"].unique()), BEST]
    parts = [seeds.at_epoch(table, epoch).assign(asked=str(epoch)) for epoch in epochs]
    if name == "rewind":  # the final network, nothing set back
        parts.append(table[table["scheme"] == "none"].assign(asked="last"))
    found = pd.concat(parts)
    file = f"{name}/{{epoch}}" if name == "geometry" else name
    files = [
        f"runs/w{row.width}_n{row.noise:g}_s{row.seed}/{file.format(epoch=row.asked)}.parquet"
        for row in found[[*_RUN, "asked"]].itertuples()
    ]
    found = found.assign(number=found["epoch"], epoch=found["asked"], file=files)
    return found.drop_duplicates([*_RUN, *DIMENSIONS[name]])


def _averaged(rows, dimensions, name):
    """Means over seeds, where a width and noise has several."""
    cells = rows.groupby(["width", "noise"])["seed"].transform("nunique")
    several = rows[cells > 1]
    if not len(several):
        return several.assign(at=None, seeds=None, warnings="")
    by = ["width", "noise", *dimensions]
    means = seeds.over_seeds(several, by)
    at = several.groupby(by, dropna=False, observed=True)["number"].mean().rename("at")
    means = means.merge(at.reset_index(), on=by)
    return means.assign(seed=MEAN, file=f"tables/{name}.parquet")
