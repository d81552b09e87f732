import numpy as np
import pandas as pd
import pytest
from geomem.data.analysis_set import COLUMNS, choose_analysis_set
from geomem.data.labels import assign_labels, label_table
from geomem.errors import InputError
from hypothesis import given, settings
from hypothesis import strategies as st


def _labels(n_classes, per_class, noise, rule="permute", seed=0):
    true = np.random.default_rng(seed).permutation(np.repeat(np.arange(n_classes), per_class))
    return label_table(true, *assign_labels(true, rule=rule, noise=noise, seed=seed))


TEST_LABELS = np.tile(np.arange(8), 20)


@given(
    noise=st.sampled_from([0.3, 0.5, 0.8]),
    rule=st.sampled_from(["permute", "uniform", "other"]),
    classes=st.sampled_from([3, 5, 8, "all"]),
    per_class=st.integers(2, 12),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=60)
def test_what_every_analysis_set_keeps_to(noise, rule, classes, per_class, seed):
    labels = _labels(8, 100, noise, rule, seed)
    try:
        analysis_set = choose_analysis_set(
            labels, TEST_LABELS, classes=classes, per_class=per_class, seed=seed
        )
    except InputError as error:
        # Within 3 of 8 classes there are few images both of whose labels are among them, but
        # each kind alone has enough: refusing would be a fault.
        pytest.fail(str(error))
    assert analysis_set.columns.tolist() == list(COLUMNS)
    n_classes = 8 if classes == "all" else classes
    counts = analysis_set.groupby(["kind", "manifold"]).size()
    assert (counts == per_class).all() and len(counts) == 4 * n_classes
    assert analysis_set["manifold"].nunique() == n_classes
    ordered = analysis_set.sort_values(["kind", "manifold", "position"])
    assert ordered.index.equals(analysis_set.index)
    assert (analysis_set["position"].to_numpy() == np.tile(np.arange(per_class), len(counts))).all()

    kinds = dict(list(analysis_set.groupby("kind")))
    for kind, table in kinds.items():
        assert not table["index"].duplicated().any()
        by = "true_label" if kind in ("restored", "test") else "assigned_label"
        assert (table["manifold"] == table[by]).all()
        assert (table["split"] == ("test" if kind == "test" else "train")).all()
        if kind == "test":
            assert (TEST_LABELS[table["index"]] == table["true_label"]).all()
        else:
            truth = labels.loc[table["index"]]
            assert (truth["true_label"].to_numpy() == table["true_label"].to_numpy()).all()
            assert (truth["assigned_label"].to_numpy() == table["assigned_label"].to_numpy()).all()
            wanted = "unpermuted" if kind == "unpermuted" else "permuted"
            assert (truth["kind"] == wanted).all()
    for kind in ("permuted", "restored"):
        assert (kinds[kind]["true_label"] != kinds[kind]["assigned_label"]).all()
    if classes == "all" and rule == "permute" and noise >= 0.5:
        assert set(kinds["permuted"]["index"]) == set(kinds["restored"]["index"])


@pytest.mark.parametrize("per_class", [3, 4, 5])
def test_permuted_and_restored_share_as_many_images_as_possible(per_class):
    """The best there is, found by linear programming, is reached."""
    from scipy.optimize import linprog

    size = 5
    labels = _labels(12, 40, 0.5, "uniform", seed=4)
    analysis_set = choose_analysis_set(
        labels, np.tile(np.arange(12), 5), classes=size, per_class=per_class
    )
    chosen = np.sort(analysis_set["manifold"].unique())
    wrong = labels[(labels["kind"] == "permuted") & (labels.true_label != labels.assigned_label)]
    pairs = pd.crosstab(wrong.assigned_label, wrong.true_label).loc[chosen, chosen].to_numpy()
    rows = np.kron(np.eye(size), np.ones(size))
    columns = np.kron(np.ones(size), np.eye(size))
    best = linprog(
        -np.ones(size**2),
        A_ub=np.vstack([rows, columns]),
        b_ub=np.full(2 * size, per_class),
        bounds=[(0, n) for n in pairs.ravel()],
    )
    groups = analysis_set.groupby("kind")["index"].agg(set)
    assert len(groups["permuted"] & groups["restored"]) == round(-best.fun)


def test_permuted_manifolds_mix_the_true_classes():
    """Taken at random: every assigned class draws on all true classes alike."""
    analysis_set = choose_analysis_set(
        _labels(5, 1000, 0.5), np.repeat(np.arange(5), 80), per_class=80
    )
    permuted = analysis_set[analysis_set["kind"] == "permuted"]
    pairs = pd.crosstab(permuted.assigned_label, permuted.true_label).to_numpy()
    different = pairs[~np.eye(5, dtype=bool)]
    assert different.min() >= 8 and different.max() <= 36  # 20 on average


def test_images_of_unpermuted_and_test_manifolds_stay_when_more_are_asked_for():
    labels = _labels(8, 100, 0.5)
    few, many = (choose_analysis_set(labels, TEST_LABELS, per_class=m) for m in (5, 10))
    for kind in ("unpermuted", "test"):
        first = many[(many["kind"] == kind) & (many["position"] < 5)]
        assert first["index"].tolist() == few.loc[few["kind"] == kind, "index"].tolist()


def test_only_kinds_that_exist():
    assert set(choose_analysis_set(_labels(8, 50, 0.0), TEST_LABELS, per_class=5)["kind"]) == {
        "unpermuted",
        "test",
    }
    assert set(choose_analysis_set(_labels(8, 50, 1.0), TEST_LABELS, per_class=5)["kind"]) == {
        "permuted",
        "restored",
        "test",
    }


def test_seed_decides():
    labels = _labels(8, 50, 0.5)
    one, same, other = (
        choose_analysis_set(labels, TEST_LABELS, classes=4, per_class=5, seed=s) for s in (0, 0, 1)
    )
    assert one.equals(same)
    assert not one.equals(other)


@pytest.mark.parametrize("noise", [0.05, 0.3, 0.9])
def test_the_largest_number_named_works(noise):
    labels = _labels(8, 50, noise, "uniform")
    with pytest.raises(InputError, match=r"per_class is 50, but kind .* has only") as caught:
        choose_analysis_set(labels, TEST_LABELS, per_class=50)
    most = int(str(caught.value).split()[-1]) if "at most" in str(caught.value) else None
    if most is None:
        assert "take more images per class" in str(caught.value)
        return
    assert len(choose_analysis_set(labels, TEST_LABELS, per_class=most))
    with pytest.raises(InputError):
        choose_analysis_set(labels, TEST_LABELS, per_class=most + 1)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"classes": 9}, 'classes is 9; expected "all" or a whole number, 2 to 8'),
        ({"classes": 1}, "classes is 1"),
        ({"classes": "some"}, "classes is 'some'"),
        ({"per_class": 1}, "per_class is 1"),
        ({"per_class": 2.0}, "per_class is 2.0"),
        ({"per_class": 30}, "kind test has only 20 images of class 0; set analysis.per_class to"),
        ({"per_class": 30, "class_names": ["<a>", *"bcdefgh"]}, "only 20 images of class <a>;"),
    ],
)
def test_arguments_out_of_range(arguments, named):
    with pytest.raises(InputError, match=named):
        choose_analysis_set(_labels(8, 100, 0.5), TEST_LABELS, **{"per_class": 5, **arguments})


def test_controls_are_the_test_images_dealt_anew():
    labels = _labels(8, 100, 0.5)
    analysis_set = choose_analysis_set(
        labels, TEST_LABELS, per_class=10, seed=3, controls=("shuffled", "surrogate")
    )
    by_kind = {kind: rows for kind, rows in analysis_set.groupby("kind")}
    test, shuffled, surrogate = (by_kind[k] for k in ("test", "shuffled", "surrogate"))
    assert sorted(shuffled["index"]) == sorted(test["index"])
    assert (shuffled.groupby("manifold").size() == 10).all()
    columns = ["manifold", "position", "index"]
    assert (shuffled[columns].to_numpy() == surrogate[columns].to_numpy()).all()
    own = (shuffled["manifold"] == shuffled["true_label"]).mean()
    assert own < 0.35  # an eighth at random
    assert (test["manifold"] == test["true_label"]).all()


def test_only_the_kinds_asked_for_must_have_enough_images():
    labels = _labels(8, 100, 0.1)  # ten permuted images a class
    with pytest.raises(InputError, match="permuted"):
        choose_analysis_set(labels, TEST_LABELS, per_class=20)
    analysis_set = choose_analysis_set(
        labels, TEST_LABELS, per_class=20, kinds=("unpermuted", "test")
    )
    assert set(analysis_set["kind"]) == {"unpermuted", "test"}
    alone = choose_analysis_set(labels, TEST_LABELS, per_class=5, kinds=("permuted",), controls=())
    assert set(alone["kind"]) == {"permuted"}
    only = choose_analysis_set(
        labels, TEST_LABELS, per_class=5, kinds=["permuted"], controls=["shuffled"]
    )
    assert set(only["kind"]) == {"permuted", "shuffled"}


def test_kinds_without_any_image():
    with pytest.raises(InputError, match=r"analysis\.kinds is permuted, of which"):
        choose_analysis_set(_labels(8, 20, 0.0), TEST_LABELS, per_class=5, kinds=("permuted",))


def test_atypical_are_the_unpermuted_images_that_are_wrong_longest():
    labels = _labels(8, 100, 0.5)
    wrong = np.random.default_rng(0).integers(0, 6, len(labels))  # so with ties
    four = choose_analysis_set(labels, TEST_LABELS, per_class=10, controls=("shuffled",))
    found = choose_analysis_set(
        labels,
        TEST_LABELS,
        per_class=10,
        kinds=("unpermuted", "permuted", "restored", "test", "atypical"),
        controls=("shuffled",),
        epochs_wrong=wrong,
    )
    atypical = found[found["kind"] == "atypical"]
    assert found[found["kind"] != "atypical"].reset_index(drop=True).equals(four)
    for label, rows in atypical.groupby("manifold"):
        assert len(rows) == 10 and (rows["split"] == "train").all()
        of_class = labels[(labels["kind"] == "unpermuted") & (labels["true_label"] == label)]
        assert set(rows["index"]) <= set(of_class["index"])
        others = of_class.drop(rows["index"])["index"]
        assert wrong[rows["index"]].min() >= wrong[others].max()
    # Of equally hard images not simply the first of the data set are taken.
    ties = choose_analysis_set(
        labels, TEST_LABELS, per_class=10, kinds=("atypical",), epochs_wrong=np.zeros(800)
    )
    assert ties["index"].max() > 600
    with pytest.raises(InputError, match="atypical, which needs epochs_wrong"):
        choose_analysis_set(labels, TEST_LABELS, per_class=10, kinds=("atypical",))
    clean = _labels(8, 100, 1.0)
    kinds = ("test", "atypical")
    alone = choose_analysis_set(clean, TEST_LABELS, per_class=9, kinds=kinds, epochs_wrong=wrong)
    assert set(alone["kind"]) == {"test"}, "without true labels there are none"
