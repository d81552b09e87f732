"""Selecting rows of collected tables and averaging them over seeds."""

import numpy as np
import pandas as pd

from geomem.errors import InputError
from geomem.statistics.bounded import mean_in_range
from geomem.warning import together

CONFIDENCE = 0.95
# What a quantity can be, where an interval of Student's t may reach further.
BOUNDS = {
    "accuracy": (0, 1),
    "share": (0, 1),
    **dict.fromkeys(
        ("loss", "capacity", "radius", "dimension", "utility", "norm", "noise_floor"), (0, np.inf)
    ),
    **dict.fromkeys(("linear_probe", "masc", "shattering", "generalization"), (0, 1)),
    **dict.fromkeys(("theory", "simulated", "radius_iqm", "dimension_iqm"), (0, np.inf)),
}


def over_seeds(table, by, *, bounded=True):
    """Mean over seeds with an interval.

    Parameters
    ----------
    table : DataFrame
        Collected rows, at most one per seed and combination of the columns `by`. A column
        `warnings` is optional.
    by : list of str
    bounded : bool
        Whether intervals end where the quantity in the column `metric` does (`BOUNDS`). Not so
        for differences.

    Returns
    -------
    DataFrame
        Columns `by`, `value`, `lo`, `hi`, `seeds`, `warnings`, sorted by `by`. With at least two
        seeds that have a value, `lo` to `hi` is the 95 % Student t interval of the mean, inside
        the range (`geomem.statistics.mean_in_range`); with one, the measurement's own interval. A
        mean has the warnings of all its seeds; without any value it is not a number, and only there
        if it has a warning.
    """
    if table.duplicated([*by, "seed"]).any():
        raise ValueError(f"several rows per seed and {', '.join(by)}; select among them first")
    if "warnings" not in table:
        table = table.assign(warnings="")
    ends = table[["lo", "hi"]].where(table["value"].notna())
    table = table.assign(**ends)[table["value"].notna() | (table["warnings"] != "")]
    groups = table.groupby(by, dropna=False, observed=True)
    means = groups[["value", "lo", "hi"]].mean()
    seeds = groups["value"].count()
    spans = _spans(groups, bounded and "metric" in table)
    for span in spans.unique():
        of_it = spans == span
        means.loc[of_it, ["lo", "hi"]] = means.loc[of_it, ["lo", "hi"]].clip(*span)
        of_it &= seeds > 1
        error = groups["value"].std()[of_it] / np.sqrt(seeds[of_it])
        ends = mean_in_range(means["value"][of_it], error, seeds[of_it] - 1, span, CONFIDENCE)
        means.loc[of_it, ["lo", "hi"]] = np.transpose(ends)
    messages = groups["warnings"].agg(together)
    return means.assign(seeds=seeds, warnings=messages).reset_index()


_ANY = (-np.inf, np.inf)


def _spans(groups, bounded):
    """What the quantity of each group can be, a tuple in each row."""
    if not bounded:
        return pd.Series([_ANY] * len(groups), index=groups.size().index)
    metric = groups["metric"].first().astype(object)
    return metric.map(lambda name: BOUNDS.get(name, _ANY))


def diverged(accuracy):
    """Epoch in which each diverged run ended, by its (noise, width) and seed.

    Parameters
    ----------
    accuracy : DataFrame
        Collected accuracy table: every epoch of every run. Runs that diverged have no last epoch.

    Returns
    -------
    dict of (float, int) to dict of int to int
    """
    found = {}
    for (noise, width, seed), rows in accuracy.groupby(["noise", "width", "seed"]):
        if not rows["last"].astype(bool).any():
            found.setdefault((noise, width), {})[seed] = int(rows["epoch"].max()) + 1
    return found


def diverged_text(accuracy, condition):
    """Say which seeds of one (noise, width) diverged, such as "seed 2 diverged in epoch 7"."""
    ends = diverged(accuracy).get(condition, {})
    if not ends:
        return ""
    plural = "s" if len(ends) > 1 else ""
    names, epochs = (", ".join(map(str, values)) for values in (ends.keys(), ends.values()))
    return f"seed{plural} {names} diverged in epoch{plural} {epochs}"


def diverged_note(accuracy):
    """Say which runs diverged, for a caption; empty where none did."""
    several = len(conditions(accuracy)) > 1
    found = [
        f"{condition_title(cell)}: {diverged_text(accuracy, cell)}"
        if several
        else diverged_text(accuracy, cell)
        for cell in diverged(accuracy)
    ]
    return f"Missing: {'; '.join(found)}." if found else ""


def finished(table, accuracy):
    """Rows of the runs that did not diverge.

    The best epoch of a run that diverged is that of the few there are. Without it means at the best
    and at the last epoch are of the same runs.

    Parameters
    ----------
    table : DataFrame
        Collected rows of any table.
    accuracy : DataFrame
        Collected accuracy table, which tells what runs diverged.

    Returns
    -------
    DataFrame
    """
    return table[~_has_diverged(table, accuracy)]


def finished_or_all(table, accuracy):
    """`finished`; all rows where every run diverged."""
    ended = finished(table, accuracy)
    return ended if len(ended) else table


def _has_diverged(table, accuracy):
    """Which rows are of runs that diverged, ndarray of bool."""
    gone = [(*cell, seed) for cell, ends in diverged(accuracy).items() for seed in ends]
    if not gone:
        return np.zeros(len(table), bool)
    return pd.MultiIndex.from_frame(table[["noise", "width", "seed"]]).isin(gone)


def meet_at_best(table, accuracy=None):
    """Let seeds that differ in their best epoch meet at the mean of their best epochs.

    A seed's best epoch is often measured in that seed alone, and a mean over one seed between means
    over several would look like a change over epochs.

    Parameters
    ----------
    table : DataFrame
        Rows of one width and noise.
    accuracy : DataFrame, optional
        Collected accuracy table, which tells what runs diverged; by default `table` tells it.

    Returns
    -------
    DataFrame
        `table`, with epochs measured in some seeds only, as their best, replaced by the best
        epochs of all seeds, at the mean epoch; half an epoch after it where that was measured
        itself. Last epochs stay in their place. Runs that diverged have no part in the mean, and
        a best epoch that was measured in them alone is left out; unless every run diverged.
    """
    lone, counts, mean = _meeting(table, accuracy)
    if not lone.any():
        return table
    rest = table[~lone]
    if not (lone & counts).any():
        return rest
    best = table[table["best"].astype(bool) & counts]
    return pd.concat([rest, best.assign(epoch=_free(rest, mean))], ignore_index=True)


def _meeting(table, accuracy):
    """What `meet_at_best` moves.

    Returns
    -------
    lone : ndarray of bool
        Rows of best epochs measured in some seeds only; none of last epochs.
    counts : ndarray of bool
        Rows of the runs that did not diverge, or all if every run did.
    mean : float
        Mean over these runs of their best epochs.
    """
    gone = _has_diverged(table, table if accuracy is None else accuracy)
    counts = ~gone if not gone.all() else np.ones(len(table), bool)
    best, last = (table[name].to_numpy(bool) for name in ("best", "last"))
    epochs = table["epoch"].to_numpy()
    shared = table["seed"].where(counts).groupby(epochs).transform("nunique")
    partial = shared.to_numpy() < table.loc[counts, "seed"].nunique()
    alone = pd.Series(best).groupby(epochs).transform("all").to_numpy(bool)
    mean = table[best & counts].groupby("seed")["epoch"].first().mean()
    return partial & alone & ~last, counts, mean


def _free(table, epoch):
    """An epoch that the table has no rows of: this one, or half an epoch after it."""
    return epoch + 0.5 if (table["epoch"] == epoch).any() else epoch


def best_note(table, accuracy):
    """Say where best epochs are drawn if `meet_at_best` moved them."""
    at_mean = []
    for cell in conditions(table):
        here = of_condition(table, cell)
        lone, counts, mean = _meeting(here, accuracy)
        if (lone & counts).any():
            at_mean.append(_free(here[~lone], mean) == mean)
    if not at_mean:
        return ""
    return (
        f"Best epochs of the seeds are drawn at {'' if all(at_mean) else 'or beside '}their mean."
    )


def interval_note(summaries, alone="the measurement's own interval"):
    """Say what the drawn values are means of and what their intervals are.

    `alone` names the interval of a value that only one seed has.
    """
    counts = np.unique(np.concatenate([s["seeds"].to_numpy() for s in summaries] or [[]]))
    counts = counts[counts > 0]
    if not len(counts):
        return "No measurements."
    if counts.max() == 1:
        return f"One seed; {alone}."
    number = f"{counts.max():g}" if len(counts) == 1 else f"{counts.min():g}–{counts.max():g}"
    note = f"Mean over {number} seeds; 95 % Student t interval over seeds"
    return f"{note}, {alone} where one seed is left." if counts.min() == 1 else f"{note}."


def conditions(table):
    """Pairs (noise, width) that the table has rows for, sorted."""
    pairs = table[["noise", "width"]].drop_duplicates().sort_values(["noise", "width"])
    return list(pairs.itertuples(index=False, name=None))


def of_condition(table, condition):
    """Rows of one pair (noise, width)."""
    noise, width = condition
    return table[(table["noise"] == noise) & (table["width"] == width)]


def condition_title(condition):
    """Name of one pair (noise, width) for a panel."""
    noise, width = condition
    return f"width {width}, label noise {noise:g}" if width else "recorded activations"


def at_epoch(table, epoch):
    """Rows of `epoch`: "best" or "last" epoch of each run, or an epoch number."""
    if epoch in ("best", "last"):
        return table[table[epoch].astype(bool)]
    return table[table["epoch"] == epoch]


def epochs_of(table):
    """Epochs of a table of one width and noise: numbers, then "best" and "last" by their names."""
    named = table["best"].astype(bool) | table["last"].astype(bool)
    return [*sorted(table.loc[~named, "epoch"].unique()), "best", "last"]


def epoch_title(rows, epoch):
    """Name of the rows `at_epoch` gave, such as "best epoch (12–16)", or their condition."""
    if "condition" in rows:
        return ", ".join(rows["condition"].astype(str).unique())
    low, high = rows["epoch"].min(), rows["epoch"].max()
    number = f"{low}" if low == high else f"{low}–{high}"
    return f"{epoch} epoch ({number})" if epoch in ("best", "last") else f"epoch {number}"


def moments(table, epochs):
    """Triples (title, names, rows) of the distinct epochs among `epochs` of one width and noise.

    Parameters
    ----------
    table : DataFrame
    epochs : sequence of "best", "last" or int
        Those without rows are left out. Where the best epoch is also the last one it comes once,
        with both `names`.
    """
    found = {}
    for epoch in epochs:
        rows = at_epoch(table, epoch)
        if len(rows):
            known = found.setdefault(tuple(rows.index), (rows, []))
            known[1].append(epoch)
    for rows, names in found.values():
        yield " = ".join([*map(str, names[:-1]), epoch_title(rows, names[-1])]), names, rows


def whole_set(geometry):
    """Rows of a geometry table that describe all manifolds of a kind together."""
    return geometry[geometry["manifold"].isna()]


def middle_half(geometry):
    """A table whose radius and dimension are interquartile means over manifolds, where it has them.

    One manifold with hardly any residual centre can dominate an arithmetic mean.

    Returns
    -------
    DataFrame, and a sentence that says so ("" where the table has no such rows).
    """
    names = {f"{name}_iqm": name for name in ("radius", "dimension")}
    robust = geometry["metric"].isin(list(names))
    if not robust.any():
        return geometry, ""
    rest = geometry[~geometry["metric"].isin([*names, *names.values()])]
    means = geometry[robust]
    means = means.assign(metric=means["metric"].map(names))
    text = "Radius and dimension: mean of the middle half of the manifolds."
    return pd.concat([rest, means]).sort_index(), text


def n_manifolds(geometry):
    """Number of manifolds P of every network of a geometry table.

    None where the table has none one by one, or networks differ in it. Each seed draws its classes
    itself, so together the networks may have more.
    """
    counts = set(geometry.groupby(["noise", "width", "seed"])["manifold"].nunique())
    return counts.pop() or None if len(counts) == 1 else None


def layers_of(table):
    """Names of the layers in a table, by their position in the network."""
    pairs = table[["layer_index", "layer"]].drop_duplicates().sort_values("layer_index")
    return pairs["layer"].tolist()


def select(table, *, width=None, noise=None):
    """Rows of the given widths and label_noise; each a number, a list of them, or None for all.

    Raises
    ------
    InputError
        If a table with rows has none of what is asked for.
    """
    for name, wanted in (("width", width), ("noise", noise)):
        if wanted is None or not len(table):
            continue
        chosen = table[table[name].isin(np.atleast_1d(wanted))]
        if not len(chosen):
            known = ", ".join(f"{value:g}" for value in sorted(pd.unique(table[name])))
            raise InputError(f"{name}: the table has no {wanted}; choose among {known}")
        table = chosen
    return table
