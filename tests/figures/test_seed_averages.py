"""Averages over seeds and their intervals."""

import re

import numpy as np
import pandas as pd
import pytest
from geomem.errors import InputError
from geomem.figures import seeds
from geomem.figures.differences import difference
from geomem.statistics import mean_of_fractions
from scipy import stats


def rows(values, epoch=5, seed=None, **columns):
    frame = pd.DataFrame({"value": values, "epoch": epoch})
    frame["seed"] = range(len(values)) if seed is None else seed
    frame["lo"], frame["hi"] = frame["value"] - 0.1, frame["value"] + 0.3
    return frame.assign(**columns)


def test_interval_of_several_seeds_is_student_t():
    values = np.array([0.2, 0.5, 0.6, 0.4])
    mean = seeds.over_seeds(rows(values), ["epoch"]).iloc[0]
    lo, hi = stats.t.interval(0.95, 3, loc=values.mean(), scale=stats.sem(values))
    assert mean["value"] == pytest.approx(values.mean())
    assert (mean["lo"], mean["hi"]) == pytest.approx((lo, hi))
    assert mean["seeds"] == 4


def test_interval_of_one_seed_is_its_own():
    mean = seeds.over_seeds(rows([0.4]), ["epoch"]).iloc[0]
    assert (mean["lo"], mean["hi"]) == pytest.approx((0.3, 0.7))


def test_intervals_of_accuracies_stay_between_0_and_1():
    values = np.array([0.99, 1.0, 0.96])
    means = seeds.over_seeds(rows(values, metric="accuracy"), ["epoch"]).iloc[0]
    _, beyond = stats.t.interval(0.95, 2, loc=values.mean(), scale=stats.sem(values))
    assert beyond > 1
    expected = mean_of_fractions(values.mean(), stats.sem(values), 2)
    assert (means["lo"], means["hi"]) == pytest.approx(tuple(map(float, expected)))
    assert 0 < means["lo"] < means["value"] < means["hi"] < 1
    assert seeds.over_seeds(rows(values, metric="loss"), ["epoch"])["hi"].iloc[0] > 1


def test_intervals_of_lengths_stay_positive_and_those_of_differences_may_not():
    values = np.array([0.1, 2.0])
    table = rows(values, metric="radius")
    assert seeds.over_seeds(table, ["epoch"])["lo"].iloc[0] == 0
    assert seeds.over_seeds(table, ["epoch"], bounded=False)["lo"].iloc[0] < 0


def test_the_middle_half_of_the_manifolds_stands_for_radius_and_dimension():
    names = ["capacity", "radius", "radius_iqm", "dimension", "dimension_iqm"]
    table = pd.DataFrame({"metric": names, "value": [1.0, 99.0, 2.0, 98.0, 3.0]})
    found, said = seeds.middle_half(table)
    assert dict(zip(found["metric"], found["value"], strict=True)) == {
        "capacity": 1, "radius": 2, "dimension": 3
    }  # fmt: skip
    assert "middle half" in said
    mean = table[~table["metric"].str.endswith("_iqm")]
    unchanged, said = seeds.middle_half(mean)
    assert unchanged is mean and said == ""


def test_a_missing_value_is_not_a_seed():
    table = pd.concat([rows([0.4, np.nan]), rows([0.2, 0.6], epoch=6)])
    means = seeds.over_seeds(table, ["epoch"]).set_index("epoch")
    assert means["seeds"].to_dict() == {5: 1, 6: 2}
    assert means.loc[5, ["lo", "hi"]].tolist() == pytest.approx([0.3, 0.7])


def test_rows_that_would_be_mistaken_for_seeds_are_refused():
    with pytest.raises(ValueError, match="several rows per seed and epoch"):
        seeds.over_seeds(rows([0.1, 0.2], seed=0), ["epoch"])


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        ([1, 1], r"^One seed; .*the measurement's own interval\.$"),
        ([3, 3], r"^Mean over 3 seeds; .*Student t interval over seeds\.$"),
        ([2, 3], r"^Mean over 2–3 seeds; .*Student t interval over seeds\.$"),
        ([1, 3], r"^Mean over 1–3 seeds; .*Student t.*own interval where one seed is left\.$"),
        ([], r"^No measurements\.$"),
    ],
)
def test_note_says_which_interval(counts, note):
    assert re.search(note, seeds.interval_note([pd.DataFrame({"seeds": counts})]))


def measured(*epochs, best, last, seed=0):
    """Rows of a seed at its epochs: the value is the epoch's number."""
    flags = {"best": np.equal(epochs, best), "last": np.equal(epochs, last)}
    return rows([float(e) for e in epochs], epoch=epochs, seed=seed, width=8, noise=0.5, **flags)


def met(*parts, **known):
    """What is averaged where, and over how many seeds."""
    moved = seeds.meet_at_best(pd.concat(parts), **known)
    means = seeds.over_seeds(moved, ["epoch"]).set_index("epoch")
    return means["value"].to_dict(), means["seeds"].tolist()


def test_seeds_meet_at_the_mean_of_their_best_epochs():
    two = [measured(0, 10, 60, best=10, last=60), measured(0, 14, 60, best=14, last=60, seed=1)]
    assert met(*two) == ({0: 0, 12: 12, 60: 60}, [2, 2, 2])


def test_epochs_shared_by_all_seeds_do_not_move():
    table = pd.concat([measured(0, 5, best=0, last=5), measured(0, 5, best=5, last=5, seed=1)])
    assert seeds.meet_at_best(table) is table


def test_what_was_measured_at_the_mean_of_the_best_epochs_stays():
    two = [
        measured(0, 8, 10, 40, best=8, last=40),
        measured(0, 10, 12, 40, best=12, last=40, seed=1).replace({"value": {12: 14}}),
    ]
    assert met(*two) == ({0: 0, 10: 10, 10.5: 11, 40: 40}, [2, 2, 2, 2])
    table = pd.concat(two)
    assert seeds.best_note(table, table) == (
        "Best epochs of the seeds are drawn at or beside their mean."
    )


def test_a_last_epoch_that_is_the_best_stays():
    two = [measured(0, 40, best=40, last=40), measured(0, 12, 40, best=12, last=40, seed=1)]
    assert met(*two) == ({0: 0, 26: 26, 40: 40}, [2, 2, 2])


def test_a_seed_that_diverged_does_not_move_the_best_epochs():
    """Its epochs that others share stay; its best one, measured in it alone, is left out."""
    whole = measured(0, 10, 40, best=40, last=40)
    gone = measured(0, 4, best=4, last=None, seed=1)
    assert met(whole, gone) == ({0: 0, 10: 10, 40: 40}, [2, 1, 1])
    table = pd.concat([whole, gone])
    assert seeds.best_note(table, table) == ""
    others = [measured(0, 10, 60, best=10, last=60), measured(0, 14, 60, best=14, last=60, seed=2)]
    assert met(*others, gone) == ({0: 0, 12: 12, 60: 60}, [3, 2, 2])
    again = measured(0, 6, best=6, last=None, seed=2)
    assert met(gone, again) == ({0: 0, 5: 5}, [2, 2]), "where all diverged they meet, too"


def test_the_accuracies_tell_what_diverged_where_no_last_epoch_was_measured():
    two = [measured(0, 10, best=10, last=None), measured(0, 14, best=14, last=None, seed=1)]
    gone = measured(0, 4, best=4, last=None, seed=2)
    accuracy = pd.concat([*(measured(0, 60, best=0, last=60, seed=s) for s in (0, 1)), gone])
    assert met(*two, gone, accuracy=accuracy) == ({0: 0, 12: 12}, [3, 2])


def test_the_number_of_manifolds_is_that_of_each_network():
    """Seeds draw 70 of 100 classes each: together they have more."""
    random = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {"manifold": random.permutation(100)[:70], "width": 8, "noise": 0.5, "seed": s}
        )
        for s in range(5)
    ]
    table = pd.concat(parts)
    assert table["manifold"].nunique() > 95
    assert seeds.n_manifolds(table) == 70
    assert seeds.n_manifolds(pd.concat([*parts[:4], parts[4][1:]])) is None
    assert seeds.n_manifolds(table.assign(manifold=np.nan)) is None
    assert seeds.n_manifolds(table[:0]) is None


def test_select_names_the_widths_there_are():
    table = rows([0.1, 0.2], width=[4, 16], noise=0.5)
    assert seeds.select(table, width=4)["value"].tolist() == [0.1]
    assert len(seeds.select(table, width=[4, 16], noise=0.5)) == 2
    with pytest.raises(InputError, match="no 8; choose among 4, 16"):
        seeds.select(table, width=8)


def test_difference_pairs_runs_and_adds_half_widths_in_quadrature():
    later = rows([0.5, 0.9], width=8, noise=0.5, layer="fc")
    earlier = rows([0.2, 0.3, 0.7], width=8, noise=0.5, layer="fc")
    change = difference(later, earlier.iloc[::-1], ["layer"]).set_index("seed")
    assert change["value"].to_dict() == pytest.approx({0: 0.3, 1: 0.6})
    half = np.hypot(0.1, 0.3)  # rows have intervals from 0.1 below to 0.3 above
    assert change.loc[0, ["lo", "hi"]].tolist() == pytest.approx([0.3 - half, 0.3 + half])


def test_difference_of_values_that_share_their_vectors_is_that_of_pairs():
    random = np.random.default_rng(0)
    common = random.normal(0, 5, 200)
    draws = [common + random.normal(0, 1, 200) for _ in range(2)]
    later, earlier = (
        rows([x.mean()], width=8, noise=0.5, layer="fc", influence=[x - x.mean()]) for x in draws
    )
    change = difference(later, earlier, ["layer"]).iloc[0]
    pairs = stats.ttest_rel(*draws).confidence_interval(0.95)
    assert (change["lo"], change["hi"]) == pytest.approx((pairs.low, pairs.high))
    unknown = difference(later, earlier.assign(influence=None), ["layer"]).iloc[0]
    half = np.hypot(0.1, 0.3)  # that of independent measurements, which is wider
    assert unknown["value"] - unknown["lo"] == pytest.approx(half)


def test_diverged_runs_are_those_without_a_last_epoch():
    table = pd.concat(
        [
            rows([0.1, 0.1, 0.1], epoch=0, last=False),
            rows([0.2, 0.2], epoch=1, last=False),
            rows([0.3], epoch=2, last=True),
        ]
    ).assign(width=8, noise=0.5)
    assert seeds.diverged(table) == {(0.5, 8): {1: 2, 2: 1}}
    assert seeds.diverged_text(table, (0.5, 8)) == "seeds 1, 2 diverged in epochs 2, 1"
    assert seeds.diverged_text(table, (0.5, 4)) == ""
    assert seeds.diverged_note(table) == "Missing: seeds 1, 2 diverged in epochs 2, 1."
    assert seeds.diverged_note(table[table["seed"] == 0]) == ""
