"""What keeps a verdict open: unknown errors, warnings, missing layers, the removed directions."""

import numpy as np
import pandas as pd
import pytest
from geomem.claims import depth, judge
from geomem.claims.curves import ESTIMATORS
from geomem.claims.evidence import Run, View
from geomem.claims.judge import judge_all
from geomem.claims.removal import effect_range
from geomem.warning import MeasurementWarning, column, pack

from tests.claims.made_up import LAYERS, PAPER, M, geometry_table, network, ramp
from tests.claims.test_verdicts import SEEDS, SETTINGS, sweep, verdicts

RADIUS = MeasurementWarning("short-center", "it is not reliable", ("radius",), (3,))
DESCENT = MeasurementWarning("not-converged", "the descent did not end")
BOTH = MeasurementWarning("rough", "rough", ("capacity", "radius"))


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch):
    monkeypatch.setattr(judge, "REPLICATES", 60)


def with_rows(changes, where):
    """Seeds of the paper's network whose geometry table has other values in some rows."""
    runs = []
    for seed in SEEDS:
        run = network(seed)
        table = run.tables["geometry"].copy()
        rows = where(table)
        assert rows.any()
        for name, value in changes.items():
            table[name] = table.get(name, np.nan)
            table.loc[rows, name] = pd.Series([value] * rows.sum(), index=table.index[rows])
        runs.append(network(seed, geometry=table))
    return runs


def rows_of(kind, metric, layer, epoch):
    """Rows of the mean that statements read: of radius and dimension over the middle half."""
    of_all = ESTIMATORS["mean-field"].means[metric][0]

    def where(table):
        whole = table["manifold"].isna() & (table["kind"] == kind) & (table["metric"] == of_all)
        return whole & (table["layer_index"] == layer) & table[epoch]

    return where


@pytest.mark.parametrize("influence", [None, np.full(100, np.nan)])
def test_an_unknown_error_from_vectors_decides_nothing(influence):
    where = rows_of("permuted", "capacity", LAYERS - 1, "last")
    found = verdicts(with_rows({"influence": influence}, where))
    row = found["T2-final"]
    assert row["verdict"] == "undecided"
    assert "uncertainty from Gaussian vectors is not known" in row["remark"]
    assert (row["vectors_lo"], row["vectors_hi"], row["p"]) == (-np.inf, np.inf, 1.0)
    assert found["T4"]["verdict"] == "supported"  # rests on other values


def test_an_unknown_error_of_an_accuracy_decides_nothing():
    runs = [network(seed) for seed in SEEDS]
    for run in runs:
        run.tables["rewind"] = run.tables["rewind"].drop(columns="correct")
    row = verdicts(runs)["T8-forgets"]
    assert row["verdict"] == "undecided"
    assert "uncertainty from images is not known" in row["remark"]


def test_two_manifolds_leave_their_error_unknown():
    def pair(table):
        return table[table["manifold"].isna() | table["manifold"].isin([0, 1])]

    runs = [network(seed, geometry=pair(network(seed).tables["geometry"])) for seed in SEEDS]
    row = verdicts(runs)["T4"]
    assert "uncertainty from manifolds is not known" in row["remark"]


@pytest.mark.parametrize(
    ("warning", "metric", "touched"),
    [
        (DESCENT, "capacity", True),
        (RADIUS, "capacity", False),
        (RADIUS, "radius", True),
        (BOTH, "radius", True),
    ],
)
def test_a_warning_keeps_open_what_rests_on_it(warning, metric, touched):
    target = {"capacity": "T2-final", "radius": "T3-radius"}[metric]
    where = rows_of("permuted", metric, LAYERS - 1, "last")
    (text,) = column([warning], [(metric, None)])
    found = verdicts(with_rows({"warnings": text}, where))
    row = found[target]
    assert row["verdict"] == ("undecided" if touched else "supported")
    if touched:
        text = f"permuted {metric} in layer11 (last epoch) (3 seeds)"
        assert f"rests on values with a warning: {text}" in row["remark"]
        assert "points to: supported" in row["remark"]
    others = {name for name, row in found.items() if row["verdict"] == "undecided"}
    assert others <= {target}


def test_a_warning_elsewhere_in_the_network_changes_nothing():
    where = rows_of("permuted", "capacity", 7, "last")  # neither final nor in the first half
    found = verdicts(with_rows({"warnings": pack([DESCENT])}, where))
    assert {row["verdict"] for row in found.values()} == {"supported", "not measured"}


def test_a_warning_at_one_width_keeps_the_sweep_open():
    curves = {
        "final_test": [0.45, 0.51, 0.45, 0.55, 0.62], "best_test": [0.45, 0.52, 0.54, 0.58, 0.63],
        "dimension": [28.5, 26, 29, 25, 21], "radius": [1.34, 1.27, 1.25, 1.2, 1.07],
    }  # fmt: skip
    runs = [run for seed in SEEDS for run in sweep(seed, **curves)]
    for run in runs:
        if run.width == 6:
            table = run.tables["geometry"]
            rows = rows_of("test", "dimension", LAYERS - 1, "last")(table)
            table.loc[rows, "warnings"] = pack([DESCENT])
    found = {row["target"]: row for row in judge_all(runs, SETTINGS) if row["width"] is None}
    assert "test dimension in layer11 (last epoch), width 6" in found["T6-dimension"]["remark"]
    assert found["T6-dip"]["verdict"] == "supported"
    assert found["T6-best"]["verdict"] == "supported"


# --- layers that were not analysed -------------------------------------------------------------


def analysed(layers, seed):
    return network(seed, geometry=geometry_table(PAPER, layers=layers))


def test_only_the_last_layers_leave_open_what_is_about_all():
    found = verdicts([analysed([9, 10, 11], seed) for seed in SEEDS])
    about_all = ("T1-permuted", "T1-restored", "T2-early", "T5", "N-shuffled", "N-surrogate")
    for name in (*about_all, "T3-radius"):
        assert found[name]["verdict"] == "not measured", name
        assert "analysis.layers leaves out number" in found[name]["remark"]
    assert "needs every layer of the first half" in found["T2-early"]["remark"]
    assert "number 8 (of 12" in found["T3-radius"]["remark"]
    for name in ("T2-final", "T4"):
        assert found[name]["verdict"] == "supported", name


def test_without_the_final_layer_nothing_is_said_about_it():
    found = verdicts([analysed(range(LAYERS - 1), seed) for seed in SEEDS])
    assert found["T2-early"]["verdict"] == "supported"
    for name in ("T2-final", "T4", "T5", "T3-dimension"):
        assert "needs " in found[name]["remark"], name
        assert found[name]["verdict"] == "not measured"


def test_the_input_and_pools_may_be_missing_and_depth_counts_them():
    values = {**PAPER, ("last", "permuted", "capacity"): ramp(0.038, 0.095, 5)}
    whole = verdicts([network(seed, geometry=geometry_table(values)) for seed in SEEDS])
    kept = [i for i in range(LAYERS) if i not in (0, 3, 6)]
    thin = geometry_table(values, layers=kept)
    found = verdicts([network(seed, geometry=thin) for seed in SEEDS])
    for name in ("T2-early", "T3-radius", "T5", "T1-permuted"):
        assert found[name]["effect"] == pytest.approx(whole[name]["effect"], abs=1e-12), name
        assert found[name]["verdict"] == whole[name]["verdict"]


def test_the_pool_at_which_the_last_third_begins_may_not_be_missing():
    """A fall over the last third that began elsewhere would be another number."""
    kept = [i for i in range(LAYERS) if i != 8]
    table = geometry_table(PAPER, layers=kept)
    table["weighted_layers"] = ",".join(map(str, kept[1:]))
    found = verdicts([network(seed, geometry=table) for seed in SEEDS])
    for name in ("T3-radius", "T3-dimension"):
        assert found[name]["verdict"] == "not measured"
        assert "first layer of the last third" in found[name]["remark"]
        assert "leaves out number 8 (of 12" in found[name]["remark"]
    assert found["T2-early"]["verdict"] == "supported"


def test_a_table_that_does_not_tell_the_depth_is_refused():
    table = geometry_table(PAPER).drop(columns=["n_layers", "weighted_layers"])
    found = verdicts([network(seed, geometry=table) for seed in SEEDS])
    assert "does not say how many layers" in found["T5"]["remark"]


# --- the number of removed directions ------------------------------------------------------------


def ranges(low, high, where):
    return with_rows({"k_lo": low, "k_hi": high}, where)


def test_a_range_on_one_side_of_the_threshold_keeps_the_verdict():
    where = rows_of("permuted", "capacity", LAYERS - 1, "last")
    row = verdicts(ranges(0.09, 0.11, where))["T2-final"]
    assert row["verdict"] == "supported"
    assert row["low_rank_lo"] == pytest.approx(0.09 / 0.038, rel=0.01)
    assert row["low_rank_hi"] == pytest.approx(0.11 / 0.038, rel=0.01)
    assert np.isnan(verdicts(ranges(0.09, 0.11, where))["T4"]["low_rank_lo"])


def test_a_range_across_the_threshold_keeps_the_verdict_open():
    where = rows_of("permuted", "capacity", LAYERS - 1, "last")
    row = verdicts(ranges(0.07, 0.11, where))["T2-final"]
    assert row["verdict"] == "undecided"
    assert "depends on the number of removed directions: from 1.84 to 2.89" in row["remark"]
    assert row["total_lo"] > 2  # it would have been decided


def test_ends_are_combined_in_the_worst_way():
    """Both epochs' ranges leave the ratio of equal ends at 2.5, that of opposite ends below 2."""

    def both(table):
        rows = table["manifold"].isna() & (table["kind"] == "permuted")
        return rows & (table["metric"] == "capacity") & (table["layer_index"] == LAYERS - 1)

    runs = []
    for seed in SEEDS:
        run = network(seed)
        table = run.tables["geometry"]
        here = both(table)
        for name, factor in (("k_lo", 0.85), ("k_hi", 1.15)):
            table[name] = np.nan
            table.loc[here, name] = factor * table.loc[here, "value"]
        runs.append(Run(run.width, run.noise, seed, run.tables, M))
    row = verdicts(runs)["T2-final"]
    assert row["low_rank_lo"] == pytest.approx(2.5 * 0.85 / 1.15)
    assert row["low_rank_hi"] == pytest.approx(2.5 * 1.15 / 0.85)
    assert row["verdict"] == "undecided"


def test_where_the_best_epoch_is_the_last_one_it_has_one_k():
    """The ratio of a number to itself is 1 for every K."""
    run = network(0)
    table = run.tables["geometry"]
    table = table[table["last"]].assign(best=True)
    table["k_lo"], table["k_hi"] = 0.8 * table["value"], 1.2 * table["value"]
    same = Run(run.width, run.noise, run.seed, {**run.tables, "geometry": table}, M)

    def growth(view):
        at_last, at_best = (
            view.geometry(epoch, "permuted", "capacity", depth.final)[:, 0]
            for epoch in ("last", "best")
        )
        return at_last / at_best

    assert effect_range(
        lambda removal: growth(View(same, removal=removal, count=removal.count))
    ) == pytest.approx((1, 1))


def test_contradicted_at_the_ends_but_not_between_them_is_open():
    """A capacity that is 2/M for some K within the range is no evidence against 2/M."""
    where = rows_of("restored", "capacity", LAYERS - 1, "last")
    runs = with_rows({"k_lo": 0.03, "k_hi": 0.05}, where)
    for run in runs:
        table = run.tables["geometry"]
        here = (table["kind"] == "restored") & table["last"] & (table["layer_index"] == LAYERS - 1)
        table.loc[here, "value"] *= 0.05 / 0.041
    row = verdicts(runs)["T4"]
    assert row["effect"] == pytest.approx(0.25, abs=0.01)
    assert row["low_rank_lo"] == pytest.approx(0, abs=1e-12)
    assert row["verdict"] == "undecided"


def test_the_range_of_an_effect_agrees_with_all_combinations():
    random = np.random.default_rng(2)
    for _ in range(20):
        value = random.uniform(1, 2, (2, 3))
        low, high = value - random.uniform(0, 1, (2, 3)), value + random.uniform(0, 1, (2, 3))

        def effect(removal, value=value, low=low, high=high):
            first, second = (
                removal.between(name, range(3), value[i], low[i], high[i])
                for i, name in enumerate("ab")
            )
            return np.abs(first / second - 1).max(axis=1)

        grid = np.stack(np.meshgrid(*[[np.nan, 0, 0.25, 0.5, 0.75, 1]] * 6), -1).reshape(-1, 6)
        every = np.where(
            np.isnan(grid), value.ravel(), low.ravel() + grid * (high - low).ravel()
        ).reshape(-1, 2, 3)
        slow = np.abs(every[:, 0] / every[:, 1] - 1).max(axis=1)
        found = effect_range(effect)
        assert found[1] == pytest.approx(slow.max())
        assert slow.min() - 1e-12 <= found[0] <= slow.min() + 0.05


def test_an_effect_that_is_not_finite_for_some_k_is_open():
    def effect(removal):
        found = removal.between("a", [0], np.array([2.0]), np.array([0.0]), np.array([4.0]))
        with np.errstate(divide="ignore"):
            return 1 / found[:, 0]

    assert effect_range(effect) == (-np.inf, np.inf)
    assert effect_range(lambda removal: np.ones(1)) is None


# --- means over manifolds ------------------------------------------------------------------------


def test_means_with_equal_weights_are_the_plain_ones_and_weights_count_like_copies():
    random = np.random.default_rng(0)
    values = random.uniform(1, 3, (4, 8))
    copies = random.integers(1, 4, 8)
    means = {name: mean for name, (*_, mean) in ESTIMATORS["mean-field"].means.items()}
    middle = np.sort(values)[:, 2:6].mean(axis=1)
    assert_means = np.testing.assert_allclose
    assert_means(means["capacity"](values, np.ones((1, 8)))[0], 1 / (1 / values).mean(axis=1))
    assert_means(means["radius"](values, np.ones((1, 8)))[0], middle)
    repeated = np.sort(values.repeat(4 * copies, axis=1))  # a quarter is a whole number of copies
    quarter = copies.sum()
    weighted = copies[None].astype(float)
    assert_means(means["capacity"](values, weighted)[0], 1 / (1 / repeated).mean(axis=1))
    assert_means(
        means["dimension"](values, weighted)[0], repeated[:, quarter:-quarter].mean(axis=1)
    )


def test_radius_is_the_mean_over_the_middle_half_which_one_manifold_cannot_move():
    runs = [network(seed) for seed in SEEDS]
    row = verdicts(runs)["T3-radius"]
    assert row["verdict"] == "supported"
    assert row["effect"] == pytest.approx(1 - 0.98 / 1.55)
    for run in runs:  # the rows of the arithmetic mean decide nothing
        table = run.tables["geometry"]
        whole = table[table["metric"] == "radius_iqm"]
        wrong = whole.assign(metric="radius", value=40.0, warnings=pack([RADIUS]))
        run.tables["geometry"] = pd.concat([table, wrong], ignore_index=True)
    assert verdicts(runs)["T3-radius"]["effect"] == row["effect"]
