import numpy as np
import pytest
from geomem.data.labels import assign_labels, label_table, wrong_fraction
from geomem.errors import InputError
from hypothesis import given, settings
from hypothesis import strategies as st

RULES = ("permute", "uniform", "other")
label_noise = st.floats(0, 1)
seeds = st.integers(0, 2**32)


@st.composite
def label_arrays(draw):
    """Labels in any order, with 2 to 6 classes of different sizes."""
    sizes = draw(st.lists(st.integers(1, 40), min_size=2, max_size=6))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(draw(seeds)).permutation(labels)


@given(label_arrays(), st.sampled_from(RULES), label_noise, seeds)
@settings(deadline=None, max_examples=60)
def test_subset_takes_the_noise_level_of_every_class(labels, rule, noise, seed):
    assigned, permuted = assign_labels(labels, rule=rule, noise=noise, seed=seed)
    assert np.array_equal(assigned[~permuted], labels[~permuted])
    for label in np.unique(labels):
        members = labels == label
        assert permuted[members].sum() == round(noise * members.sum())
    again = assign_labels(labels, rule=rule, noise=noise, seed=seed)
    assert np.array_equal(again[0], assigned) and np.array_equal(again[1], permuted)
    if rule == "permute":
        assert np.array_equal(np.bincount(assigned), np.bincount(labels))
    if rule == "other":
        assert (assigned != labels)[permuted].all()


@given(label_arrays(), st.sampled_from(RULES), label_noise, label_noise, seeds)
@settings(deadline=None, max_examples=60)
def test_subsets_are_nested_across_noise_levels(labels, rule, one, other, seed):
    low, high = sorted((one, other))
    assigned_low, permuted_low = assign_labels(labels, rule=rule, noise=low, seed=seed)
    assigned_high, permuted_high = assign_labels(labels, rule=rule, noise=high, seed=seed)
    assert not (permuted_low & ~permuted_high).any()
    if rule != "permute":
        assert np.array_equal(assigned_low[permuted_low], assigned_high[permuted_low])


def test_every_class_is_hit_equally_often():
    labels = np.repeat(np.arange(10), 1000)
    for rule, keeps_own in (("permute", 0.1), ("uniform", 0.1), ("other", 0.0)):
        assigned, permuted = assign_labels(labels, rule=rule, noise=0.5, seed=3)
        pairs = np.zeros((10, 10))
        np.add.at(pairs, (labels[permuted], assigned[permuted]), 1)
        own = np.trace(pairs) / pairs.sum()
        assert own == pytest.approx(keeps_own, abs=0.02)
        different = pairs[~np.eye(10, dtype=bool)]
        expected = 5000 * (1 - keeps_own) / 90
        assert abs(different - expected).max() < 5 * np.sqrt(expected)
        assert wrong_fraction(labels, assigned) == pytest.approx(0.5 * (1 - own))


def test_seed_changes_the_subset():
    labels = np.repeat(np.arange(4), 50)
    one, other = (assign_labels(labels, noise=0.5, seed=seed)[1] for seed in (0, 1))
    assert 0.3 < np.mean(one[other]) < 0.7


@pytest.mark.parametrize("rule", RULES)
def test_seed_changes_the_labels_too(rule):
    """Also where every image is relabelled, so that the subset is the same."""
    labels = np.repeat(np.arange(10), 50)
    one, other = (assign_labels(labels, rule=rule, noise=1.0, seed=seed)[0] for seed in (0, 1))
    assert np.mean(one == other) < 0.2


def test_table():
    labels = np.array([0, 1, 0, 1])
    table = label_table(labels, np.array([1, 1, 0, 1]), np.array([True, True, False, False]))
    assert table["kind"].tolist() == ["permuted", "coincident", "unpermuted", "unpermuted"]
    assert table["index"].tolist() == [0, 1, 2, 3]
    assert table["assigned_label"].tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"noise": 1.5}, "noise is 1.5"),
        ({"noise": -0.1}, "noise is -0.1"),
        ({"noise": "half"}, "noise is 'half'"),
        ({"noise": float("nan")}, "noise is nan"),
        ({"noise": 0.5, "rule": "swap"}, "labels.rule is 'swap'; expected one of permute"),
        ({"noise": 0.5, "seed": 1.5}, "seed 1.5"),
    ],
)
def test_arguments_out_of_range(arguments, named):
    with pytest.raises(InputError, match=named):
        assign_labels([0, 0, 1, 1], **arguments)
