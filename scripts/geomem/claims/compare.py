"""The effects of several experiments side by side, by what differs in their settings."""

from collections import Counter

import pandas as pd

from geomem.config.experiments import flat
from geomem.errors import InputError

# Settings that say what is measured and drawn besides, not what an effect is an effect of.
_BESIDE = (
    "analysis.layers", "analysis.measures", "analysis.store", "analysis.epochs",
    "training.snapshots", "rewind.epochs", "rewind.schemes", "rewind.sets",
    "simulation", "probes", "similarity", "figures", "figure_style",
)  # fmt: skip
AS_IT_IS = "as it is"  # the setting of the experiment that the others are compared with
SHOWN = ["setting", "network", "experiment", "estimator", "target", "effect", "lo", "hi", "verdict"]
PANEL = ["target", "statement"]  # a statement that was judged by another threshold is another one


def differences(base, other):
    """The settings of `other` that differ from `base`'s, as `{dotted key: value}`.

    Those that only say what is measured and drawn besides are left out.
    """
    here, there = flat(base), flat(other)
    changed = [key for key in sorted(here | there) if here.get(key) != there.get(key)]
    # What another network, data set or schedule does not have goes without saying.
    renamed = tuple(key.removesuffix("name") for key in changed if key.endswith(".name"))
    return {
        key: there.get(key)
        for key in changed
        if not _is_beside(key) and (key in there or not key.startswith(renamed))
    }


def _is_beside(key):
    return any(key == name or key.startswith(f"{name}.") for name in _BESIDE)


def compared(claims, settings, targets=None):
    """One row for every effect that was measured.

    Parameters
    ----------
    claims : dict of str to DataFrame
        The table of verdicts of each experiment, the one to compare with first.
    settings : dict of str to dict
        What differs in each, as `differences` gives it.
    targets : sequence of str, optional
        Those wanted; by default all that were measured in more than one experiment.

    Returns
    -------
    DataFrame
        `setting` in words, `network` (its width and noise, where these differ within an
        experiment), the other columns of `SHOWN`, and `statement`, `bound` and `threshold`.
        `lo` and `hi` are the ends of the whole interval, those of the range over removed
        directions included.

    Raises
    ------
    InputError
        If a target is in none of the experiments.
    """
    words = _settings_in_words(claims, settings)
    parts = [
        table.assign(experiment=name, setting=words[name], network=network_names(table))
        for name, table in claims.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    measured = table[table["verdict"] != "not measured"]
    if targets is None:
        counts = measured.groupby("target")["experiment"].nunique()
        targets = [name for name in measured["target"].unique() if counts[name] > 1]
    elif unknown := sorted(set(targets) - set(measured["target"])):
        known = ", ".join(measured["target"].unique())
        raise InputError(f"--targets: no experiment has {unknown[0]!r}; there are: {known}")
    rows = measured[measured["target"].isin(targets)]
    order = rows["target"].map({name: i for i, name in enumerate(targets)})
    # The interval that is judged: the total one, moved to the ends of the range over K.
    rows = rows.assign(
        lo=rows["total_lo"] + (rows["low_rank_lo"] - rows["effect"]).fillna(0),
        hi=rows["total_hi"] + (rows["low_rank_hi"] - rows["effect"]).fillna(0),
    ).iloc[order.argsort(kind="stable")]
    return rows[[*SHOWN, "statement", "bound", "threshold"]].reset_index(drop=True)


def network_names(table):
    """What tells the networks of a claims table apart: "width 4, noise 0.2", "" where it has one.

    Returns
    -------
    list of str, one for each row
    """
    several = {name: table[name].nunique() > 1 for name in ("width", "noise")}
    return [
        ", ".join(
            f"{name} {value:g}"
            for name, value in (("width", row.width), ("noise", row.noise))
            if several[name] and not pd.isna(value)
        )
        for row in table.itertuples()
    ]


def _settings_in_words(claims, settings):
    """What differs in each experiment; its name as well where another one says the same."""
    keys = _names({key for of_one in settings.values() for key in of_one})
    words = {}
    for name in claims:
        told = [f"{keys[key]} {_text(value)}" for key, value in settings[name].items()]
        text = ", ".join(told) or AS_IT_IS
        words[name] = f"{text} ({name})" if text in words.values() else text
    return words


def _names(keys):
    """The last part of each dotted key (of `model.name` the one before); all where two share it."""
    last = {key: key.removesuffix(".name").rpartition(".")[2] for key in keys}
    shared = Counter(last.values())
    return {key: key if shared[name] > 1 else name for key, name in last.items()}


def described(row):
    """The setting of a row in words, and its network where the experiment has several."""
    return f"{row.setting}, {row.network}" if row.network else row.setting


def _text(value):
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return "none" if value is None else str(value)
