"""What the explorer's rows are, against the collected tables."""

import numpy as np
import pytest
from geomem.pages.records import MEAN, records, thinned

from tests.figures import synthetic
from tests.pages.conftest import described

RUNS = synthetic.cells(widths=(4,), n_seeds=3)


@pytest.fixture(scope="module")
def geometry():
    return synthetic.geometry_table(RUNS)


def test_single_seeds_keep_value_and_interval(geometry):
    rows, notes = records(described("geometry"), geometry)
    one = rows[(rows["seed"] == "2") & (rows["epoch"] == "6") & (rows["kind"] == "test")]
    key = ["layer", "metric"]
    expected = geometry[geometry["manifold"].isna()].query(
        "seed == 2 and epoch == 6 and kind == 'test'"
    )
    columns = ["value", "lo", "hi"]
    found, expected = (frame.set_index(key)[columns].sort_index() for frame in (one, expected))
    assert found.equals(expected)
    assert set(one["file"]) == {"runs/w4_n0.5_s2/measures/geometry/6.parquet"}
    assert "tables/geometry.parquet: values of single manifolds, kkt_residual" in notes[0]


def test_means_over_seeds_take_each_seeds_own_best_epoch(geometry):
    rows, _ = records(described("geometry"), geometry)
    of = "metric == 'radius' and kind == 'permuted' and layer == 'fc2'"
    found = rows.query(of + " and epoch == 'best' and seed == @MEAN").iloc[0]
    best = geometry[geometry["best"] & geometry["manifold"].isna()].query(of)["value"]
    assert len(best) == 3
    assert found["value"] == pytest.approx(best.mean())
    # Student's t with two degrees of freedom, 97.5 %: 4.303.
    half = 4.3027 * best.std() / np.sqrt(3)
    assert [found["lo"], found["hi"]] == pytest.approx([best.mean() - half, best.mean() + half])
    assert found["at"] == np.mean([synthetic.best_epoch(seed) for seed in range(3)])
    assert found["seeds"] == 3 and found["file"] == "tables/geometry.parquet"


def test_accuracies_are_percents_and_losses_are_not():
    table = synthetic.accuracy_table(RUNS)
    rows, _ = records(described("accuracy"), table)
    one = rows[(rows["seed"] == "0") & (rows["kind"] == "test") & (rows["epoch"] == "5")]
    one = one.set_index("metric")["value"]
    source = table.query("seed == 0 and kind == 'test' and epoch == 5").set_index("metric")["value"]
    assert one["accuracy"] == pytest.approx(100 * source["accuracy"])
    assert one["loss"] == source["loss"]


def test_an_upper_bound_is_marked():
    table = synthetic.simulation_table(RUNS)
    rows, _ = records(described("simulation"), table)
    bounds = rows[rows["warnings"].str.startswith("an upper bound") & (rows["seed"] != MEAN)]
    assert set(bounds["layer"]) == {"input"} and set(bounds["metric"]) == {"simulated"}


def test_thinning_keeps_the_best_and_the_last_epoch():
    table = synthetic.geometry_table(RUNS, epochs=range(61), manifolds=0)
    kept, note = thinned("geometry", table, len(table) // 10)
    assert "6 of 61 epochs" in note
    assert len(kept) < len(table) / 7
    for flag in ("best", "last"):
        assert kept[flag].sum() == table[flag].sum()


def test_a_small_table_is_not_thinned(geometry):
    kept, note = thinned("geometry", geometry, len(geometry))
    assert kept is geometry and note == ""
