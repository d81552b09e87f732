"""What the explorer shows of a collected table: means over seeds, and each seed.

A page has to stay quick, so values of single manifolds stay in the tables, and large tables are
thinned to some of their epochs; notes say what was left out.
"""

import numpy as np
import pandas as pd

from geomem.config.experiments import noise_text
from geomem.figures import seeds
from geomem.warning import MeasurementWarning, lines, pack

BEST, MEAN, WHOLE = "best", "mean of seeds", "whole network"
MOST_ROWS = 120_000
RUN = ("width", "noise", "seed")
NUMBERS = (
    *("value", "lo", "hi", "x", "y", "spread", "held"),
    *("first_learned", "last_learned", "forgetting_events", "rewound"),
)
_BOUND = MeasurementWarning(
    "not-reached", "an upper bound: not even all features separate half of the dichotomies"
)


def allowances(sizes, most=MOST_ROWS):
    """How many rows each of several tables may have, so that all together have at most `most`.

    Small tables keep all their rows, and the large ones get as many as each other.

    Parameters
    ----------
    sizes : dict of str to int
    most : int

    Returns
    -------
    dict of str to int
    """
    allowed, left = {}, most
    for done, name in enumerate(sorted(sizes, key=sizes.get)):
        allowed[name] = min(sizes[name], left // (len(sizes) - done))
        left -= allowed[name]
    return allowed


def shown(described, table):
    """The rows of a collected table that the explorer can show, before any thinning."""
    if described["view"] == "examples":
        return table
    table = table[~table["metric"].isin(_hidden(described))]
    table = table.drop(columns="influence", errors="ignore")
    if described["view"] == "manifolds":
        return _places(table)
    return seeds.whole_set(table) if "manifold" in table else table


def _places(table):
    """A row for each manifold with all its quantities, and those of all manifolds together."""
    keys = [*RUN, "epoch", "layer", "layer_index", "kind", "best", "last"]
    single = table["manifold"].notna()
    wide = table[single].pivot(index=[*keys, "manifold"], columns="metric", values="value")
    whole = table[~single].pivot(index=keys, columns="metric", values="value")
    return wide.reset_index().merge(whole.reset_index(), on=keys, how="left")


def records(described, table, most=MOST_ROWS):
    """What the page holds of one collected table.

    Parameters
    ----------
    described : dict
        What `geomem.registry.tables.Table.described` gives of it. Used here: `name`; `shown`,
        columns that tell its values apart besides width, noise and seed; `view`; `metrics`, of
        which hidden ones are left out; `epochs`, those that the configuration asks to measure, as
        it writes them, or None for all there are.
    table : DataFrame
        Its rows, as `shown` gives them.
    most : int
        Of rows of single seeds; a larger table is thinned.

    Returns
    -------
    rows : DataFrame
        Columns width, noise, seed and those `shown` as text, where an epoch is a number,
        "best" or "last", as asked for; `at`, the epoch as a number, a mean one for means, and
        `seeds`, how many of them have the value, as text; `layer_index`; those of `NUMBERS` that
        there are, as in the table; `warnings`, one a line; `chosen` ("chosen" or "") where the
        table says so.
    notes : list of str
        What was left out.
    """
    name, notes = described["name"], []
    left_out = _hidden(described)
    if "manifold" in table and "metric" in table:
        left_out.insert(0, "values of single manifolds")
    if left_out:
        notes.append(f"Left out here, but in tables/{name}.parquet: {', '.join(left_out)}.")
    if described["view"] == "profile":
        table, note = _whole_numbers(table)
        notes += [note] if note else []
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
    numbers = [name for name in NUMBERS if name in single]
    parts = [single]
    if "value" in numbers:  # of places in a plane there is no mean
        parts.insert(0, _averaged(labelled, dimensions + order))
    columns = [*RUN, *dimensions, *order, "at", *numbers, "seeds", "warnings"]
    if "chosen" in single:
        parts = [part.assign(chosen=_marked(part)) for part in parts]
        columns.append("chosen")
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)[columns]
    texts = {name: rows[name].map(str) for name in ("width", "seed", "seeds", *dimensions)}
    texts["at"] = rows["at"].map("{:g}".format)
    texts["warnings"] = rows["warnings"].map(lines)
    return rows.assign(**texts, noise=rows["noise"].map(noise_text)), notes


def _whole_numbers(table):
    """The rows whose number of directions is a whole one, and what is said of the others."""
    whole = table["k"] == table["k"].round()
    note = (
        "Left out here: what is used, where directions are taken off in part. Their number is the "
        "quantity “shared directions removed” of layers and epochs."
    )
    return table[whole].astype({"k": int}), "" if whole.all() else note


def _hidden(described):
    return [metric["name"] for metric in described["metrics"] if metric["hidden"]]


def _marked(rows):
    """The text "chosen" in rows that the table marks; none among means."""
    if "chosen" not in rows:
        return ""
    return np.where(rows["chosen"].astype(bool), "chosen", "")


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
    if len(kept) == len(table):
        return table, ""
    return kept, (
        f"{len(chosen)} of {len(epochs)} epochs are shown, besides the best and the last one: "
        f"tables/{name}.parquet has all."
    )


def _labelled(described, table):
    """Rows with `epoch` the text that asked for it and `number` the epoch itself.

    What was asked for twice, as the best epoch and by its number say, comes twice.
    """
    epochs = described["epochs"]
    if epochs is None:
        epochs = [*sorted(table["epoch"].unique()), BEST]
    parts = [seeds.at_epoch(table, epoch).assign(asked=str(epoch)) for epoch in epochs]
    if "scheme" in table:  # the final network, nothing rewound
        parts.append(table[table["scheme"] == "none"].assign(asked="last"))
    found = pd.concat(parts)
    found = found.assign(number=found["epoch"], epoch=found["asked"])
    return found.drop_duplicates([*RUN, *described["shown"]])


def _averaged(rows, dimensions):
    """Means over seeds, where a width and noise has several.

    At the best epoch of those that have a last one, so that both means are of the same networks.
    """
    reaches = rows.assign(reaches=rows["last"].astype(bool)).groupby(list(RUN))["reaches"]
    of_cell = rows["last"].groupby([rows["width"], rows["noise"]]).transform("any")
    rows = rows[(rows["epoch"] != BEST) | reaches.transform("any") | ~of_cell.astype(bool)]
    cells = rows.groupby(["width", "noise"])["seed"].transform("nunique")
    several = rows[cells > 1]
    if not len(several):
        return several
    by = ["width", "noise", *dimensions]
    means = seeds.over_seeds(several, by)
    at = several.groupby(by, dropna=False, observed=True)["number"].mean().rename("at")
    return means.merge(at.reset_index(), on=by).assign(seed=MEAN)
