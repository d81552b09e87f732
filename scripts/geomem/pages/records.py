"""What the explorer shows of a collected table: means over seeds, each seed, files of origin.

A page has to stay quick, so values of single manifolds stay in the tables, and large tables are
thinned to some of their epochs; notes say what was left out.
"""

import numpy as np
import pandas as pd

from geomem.config.experiments import noise_text
from geomem.figures import seeds
from geomem.warning import MeasurementWarning, lines, pack

BEST, MEAN, WHOLE = "best", "mean of seeds", "whole network"
MOST_ROWS = 20_000
_RUN = ("width", "noise", "seed")
_BOUND = MeasurementWarning(
    "not-reached", "an upper bound: not even all features separate half of the dichotomies"
)


def records(described, table, most=MOST_ROWS):
    """Rows of one collected table for the page.

    Parameters
    ----------
    described : dict
        What `geomem.registry.tables.Table.described` gives of it. Used here: `name`; `shown`,
        columns that tell its values apart besides width, noise and seed; `hidden`, metrics to leave
        out; `file`, of one run, with `{run}` and, where there is one for each epoch, `{epoch}`;
        `epochs`, those that the configuration asks to measure, as it writes them, or None for all
        there are.
    table : DataFrame
        Collected table of that sort.
    most : int
        Of rows of single seeds; a larger table is thinned.

    Returns
    -------
    rows : DataFrame
        Columns width, noise, seed and those `shown` as text, where an epoch is a number,
        "best" or "last", as asked for; `at`, the epoch as a number, a mean one for means;
        `layer_index`; `value`, `lo`, `hi`, of accuracies in percent; `seeds`, how many of them
        have the value; `warnings`, one a line; `file`, relative to the experiment's folder.
    notes : list of str
        What was left out.
    """
    name, notes = described["name"], []
    left_out = list(described["hidden"])
    table = table[~table["metric"].isin(left_out)]
    if "manifold" in table:
        table = seeds.whole_set(table)
        left_out.insert(0, "values of single manifolds")
    if left_out:
        notes.append(f"Left out here, but in tables/{name}.parquet: {', '.join(left_out)}.")
    table, note = thinned(name, table, most)
    notes += [note] if note else []
    if not len(table):
        return pd.DataFrame(), notes
    if "reached" in table:
        reached = table["reached"].astype(bool)
        table = table.assign(warnings=np.where(reached, "", pack([_BOUND])))
    if "layer" in table:
        table = table.assign(
            layer=table["layer"].replace("", WHOLE),
            layer_index=table["layer_index"].fillna(-1).astype(int),
        )
    labelled = _labelled(described, table)
    dimensions = list(described["shown"])
    order = ["layer_index"] if "layer" in dimensions else []
    single = labelled.assign(at=labelled["number"], seeds=1)
    if "warnings" not in single:
        single["warnings"] = ""
    averaged = _averaged(labelled, dimensions + order, name)
    columns = [*_RUN, *dimensions, *order, "at", "value", "lo", "hi", "seeds", "warnings", "file"]
    rows = _in_percent(pd.concat([averaged, single], ignore_index=True)[columns])
    texts = {"width": rows["width"].map(str), "noise": rows["noise"].map("{:g}".format)}
    warnings = rows["warnings"].map(lines)
    return rows.assign(**texts, seed=rows["seed"].map(str), warnings=warnings), notes


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


def _labelled(described, table):
    """Rows with `epoch` the text that asked for it, `number` the epoch itself, and their `file`.

    What was asked for twice, as the best epoch and by its number say, comes twice.
    """
    epochs = described["epochs"]
    if epochs is None:
        epochs = [*sorted(table["epoch"].unique()), BEST]
    parts = [seeds.at_epoch(table, epoch).assign(asked=str(epoch)) for epoch in epochs]
    if "scheme" in table:  # the final network, nothing rewound
        parts.append(table[table["scheme"] == "none"].assign(asked="last"))
    found = pd.concat(parts)
    files = [
        described["file"].format(
            run=f"w{row.width}_n{noise_text(row.noise)}_s{row.seed}", epoch=row.asked
        )
        for row in found[[*_RUN, "asked"]].itertuples()
    ]
    found = found.assign(number=found["epoch"], epoch=found["asked"], file=files)
    return found.drop_duplicates([*_RUN, *described["shown"]])


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
