"""Headlines of made-up experiments."""

from unittest.mock import patch

import pandas as pd
from geomem.claims.judge import COLUMNS, judge_all
from geomem.headlines.measure import headline

from tests.claims.made_up import network
from tests.claims.test_verdicts import SETTINGS

RUN = ("width", "noise", "seed")


def described(name="depth", **changed):
    settings = {
        "experiment": name, "network": "vgg-small", "data": "glyphs", "widths": [8],
        "label_noise": [0.5], "seeds": 3, "epochs": 30, "confidence": 0.95,
        "best_epoch": "validation", "memorized": 0.9, "lost": 0.1,
        "figures": ["depth", "rewind"], "tables": ["accuracy", "geometry"],
    }  # fmt: skip
    return settings | changed


def collected(runs):
    """Collected tables of runs, by name."""
    names = {name for run in runs for name in run.tables}
    parts = {
        name: [
            run.tables[name].assign(width=run.width, noise=run.noise, seed=run.seed)
            for run in runs
            if name in run.tables
        ]
        for name in names
    }
    return {name: _named(pd.concat(found, ignore_index=True)) for name, found in parts.items()}


def _named(table):
    if "layer_index" in table and "layer" not in table:
        return table.assign(layer="layer" + table["layer_index"].astype(str))
    return table


def judged(runs, **changed):
    settings = {**SETTINGS, **changed}
    with patch("geomem.claims.judge.REPLICATES", 20):  # quicker; effects are the same
        rows = [{"experiment": "made-up", **row} for row in judge_all(runs, settings)]
    return pd.DataFrame(rows)[list(COLUMNS)].astype({"width": "Int64"})


def found(runs=None, **changed):
    """The headline of runs, by default of three seeds as the paper's."""
    runs = runs or [network(seed) for seed in range(3)]
    return headline(collected(runs), judged(runs), described(**changed))
