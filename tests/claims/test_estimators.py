"""Statements about geometry judged by both estimators."""

import numpy as np
import pandas as pd
import pytest
from geomem.claims import depth, judge
from geomem.claims.evidence import View
from geomem.claims.judge import judge_all
from geomem.registry.claims import TARGETS
from geomem.warning import MeasurementWarning, pack

from tests.claims.made_up import LAYERS, PAPER, P, geometry_table, network
from tests.claims.test_verdicts import SETTINGS

INSEPARABLE = MeasurementWarning("inseparable", "1 of the draws are inseparable")
KEYS = ["epoch", "layer_index", "kind", "metric"]


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch):
    monkeypatch.setattr(judge, "REPLICATES", 60)


def glue_table(values, **columns):
    """As GLUE's: numbers of all manifolds together, which are the means of pseudo-values."""
    table = geometry_table(values, **columns)
    table["metric"] = table["metric"].str.removesuffix("_iqm")
    whole = table[table["manifold"].isna()]
    single = table[table["manifold"].notna()].merge(
        whole[[*KEYS, "value"]], on=KEYS, suffixes=("", "_whole")
    )
    single["value"] += single.pop("value_whole") - single.groupby(KEYS)["value"].transform("mean")
    single["metric"] += "_pseudovalue"
    return pd.concat([whole, single], ignore_index=True)


def by_name(rows):
    return {(row["target"], row["estimator"]): row for row in rows}


@pytest.fixture
def both():
    """Three seeds whose permuted final-layer capacity grows by mean-field theory alone."""
    flat = {**PAPER, ("last", "permuted", "capacity"): np.full(LAYERS, 0.039)}
    runs = [network(seed, glue=glue_table(flat)) for seed in range(3)]
    return by_name(judge_all(runs, SETTINGS))


def test_each_statement_about_geometry_has_a_row_per_estimator(both):
    found = {}
    for target, estimator in both:
        found.setdefault(target, []).append(estimator)
    for name, estimators in found.items():
        expected = ["mean-field", "glue"] if TARGETS[name].estimated else [""]
        assert estimators == expected, name


def test_each_estimator_is_judged_on_its_own_table(both):
    assert both["T2-final", "mean-field"]["verdict"] == "supported"
    assert both["T2-final", "glue"]["verdict"] == "contradicted"
    assert both["T2-final", "glue"]["effect"] == pytest.approx(0.039 / 0.038)
    assert both["T3-radius", "glue"]["effect"] == pytest.approx(1 - 0.98 / 1.55)


def test_statements_without_geometry_are_judged_once(both):
    for name in ("T8-recovers", "T7-permuted", "M-gradient", "M-critical"):
        assert (name, "") in both


def test_another_estimator_changes_no_verdict_of_the_first(both):
    alone = by_name(judge_all([network(seed) for seed in range(3)], SETTINGS))
    assert all(estimator != "glue" for _, estimator in alone)
    for key, row in alone.items():
        for name in ("verdict", "p", "p_holm", "verdict_holm"):
            np.testing.assert_equal(both[key][name], row[name], err_msg=f"{key} {name}")


def test_manifolds_enter_with_the_spread_of_their_pseudovalues():
    table = glue_table(PAPER, spread=0.3)
    view = View(network(glue=table), source="manifolds", count=4000, estimator="glue")
    found = view.geometry("last", "permuted", "capacity", depth.final)[:, 0]
    rows = table[(table["metric"] == "capacity_pseudovalue") & table["last"]]
    rows = rows[(rows["kind"] == "permuted") & (rows["layer_index"] == LAYERS - 1)]
    expected = rows["value"].std() / np.sqrt(P)
    assert found.std() == pytest.approx(expected, rel=0.1)
    assert found.mean() == pytest.approx(PAPER["last", "permuted", "capacity"][-1], rel=0.01)


def test_warned_values_leave_a_statement_undecided():
    warned = glue_table(PAPER, warnings=pack([INSEPARABLE]))
    found = by_name(judge_all([network(seed, glue=warned) for seed in range(3)], SETTINGS))
    row = found["T2-final", "glue"]
    assert row["verdict"] == "undecided"
    assert "rests on values with a warning" in row["remark"]


def test_a_table_without_an_epoch_says_so():
    table = glue_table({key: value for key, value in PAPER.items() if key[0] == "last"})
    found = by_name(judge_all([network(glue=table)], SETTINGS))
    assert found["T2-final", "glue"]["verdict"] == "not measured"
    assert found["T2-final", "glue"]["remark"] == "no glue at the best epoch"
