"""The headline of an experiment, read off its tables and its claims."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from geomem.claims import depth
from geomem.claims.curves import ESTIMATORS
from geomem.claims.errors import NotMeasuredError
from geomem.claims.evidence import Run, View
from geomem.claims.targets import resolved
from geomem.registry.claims import TARGETS

_KINDS = ("test", "permuted")


def headline(tables, claims, described):
    """The main numbers of an experiment.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Collected tables by name: `accuracy`, and where they were measured `geometry`, `glue`,
        `rewind`.
    claims : DataFrame
        Rows of `geomem.claims.judge.judge_all`.
    described : dict
        What else the page says of the experiment, see `JobSettings.headline_spec`. Used here:
        `confidence`, `best_epoch`, `memorized` and `lost` that the claims were judged with.

    Returns
    -------
    dict
        `described`; `networks` trained, and those of them that `diverged`; `claims`, how often
        each verdict was given, and `by_claim`, the same of each claim; `cells`, one for each noise
        and width: `noise`, `width`, `seeds`, `wrong_labels` (the fraction of the training images
        whose label is wrong, None where it is not known), `accuracy` (see `_accuracy`), and with
        label noise `memorization` and `rewinding` (see there; each has `missing`, why there are no
        numbers, or "").
    """
    accuracy = tables["accuracy"]
    if "recorded" in described:  # without accuracies
        accuracy = accuracy.assign(last=False)
    runs = accuracy.groupby(["noise", "width", "seed"])
    cells = []
    for (noise, width), rows in accuracy.groupby(["noise", "width"]):
        cell = {
            "noise": float(noise),
            "width": int(width),
            "seeds": int(rows["seed"].nunique()),
            "wrong_labels": _wrong_labels(rows),
            "accuracy": _accuracy(rows, described["best_epoch"]),
        }
        if noise > 0:
            here = {
                name: table[(table["noise"] == noise) & (table["width"] == width)]
                for name, table in tables.items()
            }
            judged = claims[(claims["noise"] == noise) & (claims["width"] == width)]
            cell["memorization"] = _memorization(here, judged, described)
            cell["rewinding"] = _rewinding(here, judged, described)
        cells.append(cell)
    return {
        **described,
        "networks": len(runs),
        "diverged": int((~runs["last"].any()).sum()),
        "claims": _counts(claims),
        "by_claim": {name: _counts(rows) for name, rows in claims.groupby("claim", sort=False)},
        "cells": cells,
    }


def _counts(claims):
    """How often each verdict was given."""
    return {name: int(count) for name, count in claims["verdict"].value_counts().items()}


def _wrong_labels(rows):
    """Fraction of training images with a wrong label, mean over seeds: what was permuted, of all.

    Labels that come from elsewhere may be true, so label noise does not tell it.
    """
    count = rows.drop_duplicates(["seed", "kind"]).groupby("kind")["n"].mean()
    return float(count.get("permuted", 0) / count["train"]) if "train" in count else None


def _accuracy(rows, best_epoch):
    """`{"best": {"epochs": [first, last], "test": mean over seeds, "permuted": ...}, "last": ...}`.

    Accuracies are fractions. Both epochs are of the same seeds: those that have both, or the last
    one where none came to the best. Without an epoch (all seeds diverged) the entry is missing.
    """
    rates = rows[rows["metric"] == "accuracy"]
    last = rates["last"].astype(bool)
    best = (
        rates["best"].astype(bool) if best_epoch == "validation" else rates["epoch"] == best_epoch
    )
    ended = rates["seed"].isin(rates.loc[last, "seed"])
    both = ended & rates["seed"].isin(rates.loc[best, "seed"])
    of_seeds = both if both.any() else ended
    found = {}
    for name, flag in (("best", best), ("last", last)):
        at = rates[flag & of_seeds]
        if len(at):
            means = at.groupby("kind")["value"].mean()
            found[name] = {
                "epochs": [int(at["epoch"].min()), int(at["epoch"].max())],
                **{kind: float(means[kind]) for kind in _KINDS if kind in means},
            }
    return found


def _memorization(tables, judged, described):
    """Where permuted capacity changes from the best to the last epoch.

    Returns
    -------
    dict
        `missing`; `estimator`; `layers`, a list of [name, last over best], geometric mean over
        seeds; `gain`, of the final layer, as the claims judge it (see `_effect`); `seeds`, how many
        these are of: those that are judged, or all that have not diverged where none is.
    """
    estimator = next((e for e, s in ESTIMATORS.items() if len(tables.get(s.table, ()))), None)
    if estimator is None:
        return {"missing": "no capacity was measured"}
    runs = _runs(tables, described["best_epoch"])
    admitted = [run for run in runs if _is_judged(run, "T2-final", described, estimator)]
    try:
        curves = [
            [run.curve(epoch, "permuted", "capacity", estimator) for epoch in ("best", "last")]
            for run in admitted or runs
        ]
    except NotMeasuredError as error:
        return {"missing": str(error)}
    if not curves:
        return {"missing": "every training diverged"}
    with np.errstate(all="ignore"):
        logs = [np.log(last.means()[0] / best.means()[0]) for best, last in curves]
    ratios = np.exp(np.mean(logs, axis=0))
    if not np.isfinite(ratios).all():
        return {"missing": "permuted capacity is not finite in some layer"}
    names = curves[0][0].layers
    of_estimator = judged[judged["estimator"] == estimator]
    gain = _effect(of_estimator, "T2-final", described["confidence"])
    return {
        "missing": "",
        "estimator": estimator,
        "layers": [[name, float(ratio)] for name, ratio in zip(names, ratios, strict=True)],
        "gain": gain,
        "seeds": len(curves),
    }


def _rewinding(tables, judged, described):
    """What rewinding a suffix of layers to the best epoch does.

    Returns
    -------
    dict
        `missing`; `layers`, the first rewound layers by seed, without repetition; `test` and
        `permuted`, each [nothing rewound, suffix rewound], means over seeds;
        `recovered`, the fraction of the lost test accuracy, as the claims judge it (see `_effect`);
        `seeds`, how many these are of: those that are judged.
    """
    recovered = _effect(judged, "T8-recovers", described["confidence"])
    if recovered["missing"]:
        return {"missing": recovered["missing"]}
    chosen, rates, reasons = [], [], []
    for run in _runs(tables, described["best_epoch"]):
        try:
            _require_judged(run, "T8-recovers", described)
            layer, found = _best_suffix(run)
        except NotMeasuredError as error:
            reasons.append(str(error))
            continue
        chosen.append(layer)
        rates.append(found)
    if not chosen:
        return {"missing": "; ".join(dict.fromkeys(reasons))}
    means = {kind: np.mean([each[kind] for each in rates], axis=0).tolist() for kind in _KINDS}
    return {
        "missing": "",
        "layers": list(dict.fromkeys(chosen)),
        **means,
        "recovered": recovered,
        "seeds": len(chosen),
    }


def _best_suffix(run):
    """The suffix that `geomem.claims.effects.suffix_recovery` is about.

    Returns
    -------
    str
        Its first layer.
    dict of str to (float, float)
        Accuracies without and with it rewound, by kind.
    """
    view = View(run)
    layers, n_layers, validation = view.rewound("suffix", "validation")
    late = ~depth.first_half(layers, n_layers)
    place = int(np.where(late, validation[0], -np.inf).argmax())
    rates = {
        kind: (view.nothing_rewound(kind)[0], view.rewound("suffix", kind)[2][0, place])
        for kind in _KINDS
    }
    table = run.table("rewind")
    return table[table["layer_index"] == layers[place]]["layer"].iloc[0], rates


def _effect(judged, target, confidence):
    """A statement's effect: `missing`, or `value`, `lo`, `hi` (None: not known), `confidence`."""
    rows = judged[judged["target"] == target]
    if not len(rows):
        return {"missing": "not judged"}
    row = rows.iloc[0]
    if not np.isfinite(row["effect"]):
        return {"missing": row["remark"] or "not measured"}
    ends = {
        end: float(row[f"total_{end}"]) if np.isfinite(row[f"total_{end}"]) else None
        for end in ("lo", "hi")
    }
    return {"missing": "", "value": float(row["effect"]), **ends, "confidence": confidence}


def _is_judged(run, *statement):
    """Whether `_require_judged` lets a run pass."""
    try:
        _require_judged(run, *statement)
    except NotMeasuredError:
        return False
    return True


def _require_judged(run, target, settings, estimator="mean-field"):
    """Raise NotMeasuredError if a run has no part in the effect that the claims judge.

    Means beside that effect are then of the same runs.
    """
    statement, view = resolved(asdict(TARGETS[target])), View(run, estimator=estimator)
    for need in statement.needs:
        need(view, settings)
    with np.errstate(all="ignore"):
        if not np.isfinite(statement.effect(view)[0]):
            raise NotMeasuredError("the effect is not finite")


def _runs(tables, best_epoch):
    """A `Run` for each seed that has not diverged."""
    seeds = sorted(pd.unique(tables["accuracy"]["seed"]))
    found = []
    for seed in seeds:
        own = {name: table[table["seed"] == seed] for name, table in tables.items()}
        if own["accuracy"]["last"].any():
            first = own["accuracy"].iloc[0]
            # Points per manifold decide nothing that is read here.
            key = int(first["width"]), float(first["noise"]), int(seed)
            at = None if best_epoch == "validation" else best_epoch
            found.append(Run(*key, own, 0, best_epoch=at))
    return found
