"""What the explorer's rows are, against the collected tables."""

import base64

import numpy as np
import pandas as pd
import pytest
from geomem.pages.explorer import packed, records
from geomem.pages.explorer.records import MEAN, allowances, thinned

from tests.figures import synthetic
from tests.pages.conftest import described

RUNS = synthetic.cells(widths=(4,), n_seeds=3)


def rows_of(name, table, **options):
    asked = described(name)
    return records.records(asked, records.shown(asked, table), **options)


@pytest.fixture(scope="module")
def geometry():
    return synthetic.geometry_table(RUNS)


def test_single_seeds_keep_value_and_interval(geometry):
    rows, notes = rows_of("geometry", geometry)
    one = rows[(rows["seed"] == "2") & (rows["epoch"] == "6") & (rows["kind"] == "test")]
    key = ["layer", "metric"]
    expected = geometry[geometry["manifold"].isna()].query(
        "seed == 2 and epoch == 6 and kind == 'test'"
    )
    columns = ["value", "lo", "hi"]
    found, expected = (frame.set_index(key)[columns].sort_index() for frame in (one, expected))
    assert found.equals(expected)
    assert "tables/geometry.parquet: values of single manifolds, kkt_residual" in notes[0]


def test_means_over_seeds_take_each_seeds_own_best_epoch(geometry):
    rows, _ = rows_of("geometry", geometry)
    of = "metric == 'radius' and kind == 'permuted' and layer == 'fc2'"
    found = rows.query(of + " and epoch == 'best' and seed == @MEAN").iloc[0]
    best = geometry[geometry["best"] & geometry["manifold"].isna()].query(of)["value"]
    assert len(best) == 3
    assert found["value"] == pytest.approx(best.mean())
    # Student's t with two degrees of freedom, 97.5 %: 4.303.
    half = 4.3027 * best.std() / np.sqrt(3)
    assert [found["lo"], found["hi"]] == pytest.approx([best.mean() - half, best.mean() + half])
    assert float(found["at"]) == np.mean([synthetic.best_epoch(seed) for seed in range(3)])
    assert found["seeds"] == "3"


@pytest.mark.parametrize("name", ["accuracy", "geometry"])
def test_means_at_the_best_epoch_are_of_networks_that_have_a_last_one(name, geometry):
    table = {"accuracy": synthetic.accuracy_table(RUNS), "geometry": geometry}[name]
    gone = synthetic.diverge({name: table}, 2, 20)[name]
    gone.loc[gone["seed"] == 2, ["value", "lo", "hi"]] *= 0.5
    rows, _ = rows_of(name, gone)
    rest, _ = rows_of(name, gone[gone["seed"] != 2])
    assert set(rows.query("epoch == 'best' and seed == '2'")["at"]) == {"18"}, "it is shown alone"
    for epoch in ("best", synthetic.LAST if name == "accuracy" else "last"):
        found, expected = (
            each[(each["seed"] == MEAN) & (each["epoch"] == str(epoch))].reset_index(drop=True)
            for each in (rows, rest)
        )
        assert len(found) and found.equals(expected)
        assert set(found["seeds"]) == {"2"}
    early = rows[(rows["seed"] == MEAN) & (rows["epoch"] == "2")]
    assert set(early["seeds"]) == {"3"}, "all networks are the same number of epochs old"


def test_where_no_network_has_a_last_epoch_the_mean_is_of_all(geometry):
    gone = {"geometry": geometry}
    for seed in range(3):
        gone = synthetic.diverge(gone, seed, 20)
    rows, _ = rows_of("geometry", gone["geometry"])
    assert set(rows[(rows["seed"] == MEAN) & (rows["epoch"] == "best")]["seeds"]) == {"3"}


def test_accuracies_stay_fractions_and_losses_nats():
    table = synthetic.accuracy_table(RUNS)
    rows, _ = rows_of("accuracy", table)
    one = rows[(rows["seed"] == "0") & (rows["kind"] == "test") & (rows["epoch"] == "5")]
    one = one.set_index("metric")["value"]
    source = table.query("seed == 0 and kind == 'test' and epoch == 5").set_index("metric")["value"]
    assert one.to_dict() == source.to_dict()


def test_rewound_accuracies_are_of_single_seeds_and_of_their_mean():
    table = synthetic.rewind_table(RUNS)
    rows, _ = rows_of("rewind", table)
    where = "scheme == 'suffix' and kind == 'test' and layer == 'fc2'"
    found = rows.query(where + " and epoch == 'best'").set_index("seed")["value"]
    source = table[table["best"]].query(where).set_index("seed")["value"]
    assert found["1"] == source[1]
    assert found[MEAN] == pytest.approx(source.mean())


def test_an_upper_bound_is_marked():
    table = synthetic.simulation_table(RUNS)
    rows, _ = rows_of("simulation", table)
    bounds = rows[rows["warnings"].str.startswith("an upper bound") & (rows["seed"] != MEAN)]
    assert set(bounds["layer"]) == {"input"} and set(bounds["metric"]) == {"simulated"}


def test_the_number_of_directions_removed_is_marked_in_single_networks():
    rows, _ = rows_of("low_rank", synthetic.low_rank_table(RUNS))
    assert set(rows[rows["chosen"] == "chosen"]["k"]) == {"2"}
    assert (rows[rows["chosen"] == ""]["k"] != "2").sum() > 0
    assert set(rows[rows["seed"] == MEAN]["chosen"]) == {""}


def test_what_lies_between_whole_numbers_of_directions_is_left_out_and_told():
    table = synthetic.low_rank_table(RUNS)
    between = table[table["chosen"]].assign(k=1.6)
    rows, notes = rows_of("low_rank", pd.concat([table.assign(chosen=False), between]))
    assert set(rows["k"]) == {str(k) for k in range(6)}
    assert set(rows["chosen"]) == {""}
    assert any("taken off in part" in note for note in notes)
    assert not any("taken off in part" in note for note in rows_of("low_rank", table)[1])


def test_manifolds_are_rows_with_their_place_and_spread():
    table = synthetic.center_map_table(RUNS)
    rows, _ = rows_of("center_map", table)
    assert len(rows) == len(table[table["metric"] == "x"])
    assert MEAN not in set(rows["seed"]), "axes of different networks cannot be averaged"
    one = rows.query("seed == '1' and epoch == 'last' and layer == 'fc2' and kind == 'test'")
    source = table.query("seed == 1 and last and layer == 'fc2' and kind == 'test'")
    for name in ("x", "y", "spread"):
        expected = source[source["metric"] == name].set_index("manifold")["value"]
        found = one.set_index(one["manifold"].astype(int))[name]
        assert found.to_dict() == expected.to_dict()
    assert set(one["held"]) == {0.5}


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


def test_the_largest_tables_are_thinned_first():
    sizes = {"a": 10, "b": 500, "c": 40, "d": 900}
    assert allowances(sizes, 10_000) == sizes
    assert allowances(sizes, 450) == {"a": 10, "c": 40, "b": 200, "d": 200}


def test_numbers_are_float32_and_texts_are_codes():
    values = [1 / 3, -2e-30, np.inf, np.nan, 7e300]
    found = np.frombuffer(base64.b64decode(packed.numbers(values)), "<f4")
    assert found[:2].tolist() == np.float32(values[:2]).tolist()
    assert np.isnan(found[2:]).all()
    known = [str(i) for i in range(300)]
    for size, kind in ((200, "u1"), (300, "<u2")):
        texts = pd.Series([known[size - 1], "3", "3"])
        codes = np.frombuffer(base64.b64decode(packed.texts(texts, known[:size])), kind)
        assert codes.tolist() == [size - 1, 3, 3]
    assert packed.texts(pd.Series(["only", "only"]), ["only"]) == ""
