"""What a collection becomes: the inner products of its points, and controls."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.foreign import write_activations
from geomem.foreign.activations import activation_file
from geomem.foreign.manifest import read_collection
from geomem.foreign.points import pooled
from geomem.geometry import inner_products

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((24, 7, 5, 3))
LABELS = np.tile(np.arange(4), 6)
CLOUDS = [POINTS[label == LABELS] for label in range(4)]


def assert_same_products(found, clouds):
    expected = inner_products([cloud.reshape(len(cloud), -1) for cloud in clouds])
    for name, array in expected.to_arrays().items():
        np.testing.assert_allclose(found.to_arrays()[name], array, atol=1e-12)


def collection(folder, arrays=None, labels=LABELS, **options):
    write_activations(folder, arrays or {"a": POINTS}, labels, epoch=0, **options)
    return read_collection(folder)


def test_all_values_are_features(tmp_path):
    found = activation_file(collection(tmp_path), 0, 0, store="gram")
    assert_same_products(found.products(0, "points"), CLOUDS)
    flat = np.concatenate(CLOUDS).reshape(24, -1)
    np.testing.assert_allclose(found.gram(0, "points"), flat @ flat.T, atol=1e-12)
    assert found.layers[0]["features"] == 105 and found.network["n_layers"] == 1


@pytest.mark.parametrize(
    ("pooling", "axis", "expected"),
    [
        ("mean", (2, 3), lambda x: x.mean((2, 3))),
        ("max", (1,), lambda x: x.max(1).reshape(24, -1)),
        ("first", (1,), lambda x: x[:, 0].reshape(24, -1)),
        ("last", (2,), lambda x: x[:, :, -1].reshape(24, -1)),
        ("4", (1,), lambda x: x[:, 4].reshape(24, -1)),
        ("none", (), lambda x: x.reshape(24, -1)),
    ],
)
def test_pooling(pooling, axis, expected):
    np.testing.assert_allclose(pooled(POINTS, pooling, axis), expected(POINTS), atol=1e-14)


def test_tokens_are_dimension_1_of_three():
    tokens = POINTS[..., 0]
    np.testing.assert_allclose(pooled(tokens, "mean"), tokens.mean(1), atol=1e-14)
    half = pooled(tokens.astype(np.float16), "mean")
    assert half.dtype == np.float32


@pytest.mark.parametrize(
    ("array", "pooling", "axis", "words"),
    [
        (POINTS, "mean", (), "name the dimensions"),
        (POINTS, "mean", (1, 4), "no dimensions"),
        (POINTS, "mean", (1, 2, 3), "leave features"),
        (POINTS, "7", (1,), "7 places in dimension 1"),
        (POINTS[:, 0, 0, 0], "none", (), "points first"),
        (POINTS[:, :, 0, 0], "mean", (), "nothing to pool over; leave pooling out"),
        (POINTS[:0], "none", (), "which holds no value"),
        (POINTS, "mean", (0,), "axis is .0,.; expected dimensions from 1 up"),
        (POINTS, "mean", ("1",), "axis is .'1',.; expected dimensions from 1 up"),
        (POINTS, "avg", (1,), "pooling is 'avg'; expected none, mean"),
        (POINTS, "last", (2, 3), r"pooling last takes one axis, and axis is .2, 3."),
        (POINTS, "none", (2, 3), r"axis is .2, 3. without a pooling; add it or leave axis out"),
        (POINTS, "mean", (2, 2), r"axis is .2, 2.; name each dimension once"),
    ],
)
def test_pooling_that_does_not_fit(array, pooling, axis, words):
    with pytest.raises(InputError, match=words):
        pooled(array, pooling, axis, "it")


def test_labels_that_are_text_are_numbered_alphabetically(tmp_path):
    names = np.array(["pear", "apple", "fig", "date"])[LABELS]
    write_activations(tmp_path, {"a": POINTS}, names, epoch=0, kind="all")
    few = np.isin(names, ["fig", "pear"])
    write_activations(tmp_path, {"a": POINTS[few]}, names[few], epoch=0, kind="two")
    found = activation_file(read_collection(tmp_path), 0, 0)
    assert found.manifolds("all").tolist() == [0, 1, 2, 3]
    assert found.manifolds("two").tolist() == [2, 3], "among the classes of all kinds"
    assert_same_products(found.products(0, "two"), [CLOUDS[2], CLOUDS[0]])


def with_labels(folder, text, column=""):
    """A file of points that has labels too, and another file of labels."""
    np.savez(folder / "a.npz", points=POINTS, labels=LABELS * 0)
    (folder / "l.csv").write_text(text)
    (folder / "manifest.csv").write_text(f"file, labels\na.npz, l.csv{column}\n")
    return activation_file(read_collection(folder), 0, 0)


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ("label", "{}", ""),
        ("label", "{}.0", ""),
        ("stimulus", "{}", ""),
        ("trial,stimulus", "5,{}", "#stimulus"),
        ("stimulus,label", "x,{}", ""),
    ],
)
def test_labels_of_a_csv(tmp_path, header, row, column):
    lines = [header, *(row.format(label) for label in LABELS)]
    found = with_labels(tmp_path, "\n".join(lines), column)
    assert_same_products(found.products(0, "points"), CLOUDS)
    assert found.manifolds("points").tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("a,b\n1,2", "", r"no column 'label'; it has a, b: .*l.csv#COLUMN"),
        ("a,b\n1,2", "#c", "no column 'c'"),
        ("label\n1\n2", "", "l.csv has 2 labels for 24 points"),
        ("trial,label\n1,x\n2,\n", "", "row 3: label is empty"),
    ],
)
def test_labels_of_a_csv_that_do_not_fit(tmp_path, text, column, words):
    with pytest.raises(InputError, match=words):
        with_labels(tmp_path, text, column)


def test_labels_of_a_csv_are_in_the_order_of_its_index(tmp_path):
    order = np.random.default_rng(0).permutation(len(LABELS))
    text = "\n".join(["index,label", *(f"{point},{LABELS[point]}" for point in order)])
    found = with_labels(tmp_path, text)
    assert_same_products(found.products(0, "points"), CLOUDS)
    twice = text.replace(f"\n{order[1]},", f"\n{order[0]},")
    with pytest.raises(InputError, match=rf"row 3: index is '{order[0]}'; expected every number"):
        with_labels(tmp_path, twice)


def test_numbers_with_zeros_before_them_are_text(tmp_path):
    names = np.array(["1", "01", "001", "2"])
    found = with_labels(tmp_path, "\n".join(["label", *names[LABELS]]))
    assert found.manifolds("points").tolist() == [0, 1, 2, 3]


def test_text_that_is_another_set_of_classes_elsewhere_is_refused(tmp_path):
    names = np.array(["pear", "apple", "fig", "date"])[LABELS]
    write_activations(tmp_path, {"a": POINTS}, names, epoch=0, subject="m1")
    few = names != "apple"
    write_activations(tmp_path, {"a": POINTS[few]}, names[few], epoch=0, subject="m2")
    for subject in (0, 1):
        with pytest.raises(InputError, match=r"the label 'apple' is there in one .*whole numbers"):
            activation_file(read_collection(tmp_path), subject, 0)


def test_conditions_of_several_calls_need_an_order(tmp_path):
    for condition in ("early", "late", "final"):
        write_activations(tmp_path / "a", {"a": POINTS}, LABELS, condition=condition)
    with pytest.raises(InputError, match=r"conditions early, final, late without epochs"):
        read_collection(tmp_path / "a")
    for epoch, condition in enumerate(("early", "late", "final")):
        write_activations(tmp_path / "b", {"a": POINTS}, LABELS, condition=condition, epoch=epoch)
    found = read_collection(tmp_path / "b")
    assert found.conditions == {0: "early", 1: "late", 2: "final"}


def test_labels_that_are_text_and_numbers_have_no_order(tmp_path):
    write_activations(tmp_path, {"a": POINTS}, LABELS, epoch=0, kind="one")
    write_activations(tmp_path, {"a": POINTS}, LABELS.astype(str), epoch=0, kind="two")
    with pytest.raises(InputError, match=r"labels that are text, .* numbers; use one"):
        activation_file(read_collection(tmp_path), 0, 0)


def test_labels_that_are_text_for_one_subject_and_numbers_for_another(tmp_path):
    write_activations(tmp_path, {"a": POINTS}, LABELS + 1, epoch=0, subject="m1")
    write_activations(tmp_path, {"a": POINTS}, LABELS.astype(str), epoch=0, subject="m2")
    for subject in (0, 1):
        with pytest.raises(InputError, match=r"m2.* labels that are text, .*m1.* numbers; use one"):
            activation_file(read_collection(tmp_path), subject, 0)


def test_labels_beyond_64_bits_with_a_sign(tmp_path):
    found = collection(tmp_path, labels=LABELS.astype(np.uint64) + np.uint64(2**63))
    with pytest.raises(InputError, match=r"labels.npy has the label 92.*; expected numbers below"):
        activation_file(found, 0, 0)


def test_a_subject_without_an_epoch_has_no_layers(tmp_path):
    for epoch, subject in ((0, "m1"), (1, "m1"), (0, "m2")):
        write_activations(tmp_path, {"a": POINTS}, LABELS, epoch=epoch, subject=subject)
    found = read_collection(tmp_path)
    assert activation_file(found, 1, 1).layers == ()
    assert activation_file(found, 1, 0).network["subject"] == "m2"


def test_a_layer_keeps_its_index(tmp_path):
    write_activations(tmp_path, {"a": POINTS, "b": POINTS}, LABELS, epoch=0, subject="m1")
    write_activations(tmp_path, {"b": POINTS}, LABELS, epoch=0, subject="m2")
    [layer] = activation_file(read_collection(tmp_path), 1, 0).layers
    assert (layer["index"], layer["name"]) == (1, "b")


def test_per_class_draws_the_same_points_of_every_layer(tmp_path):
    numbered = np.arange(24.0)[:, None] + np.zeros(3)
    arrays = {"a": numbered, "b": 2 * numbered}
    found = activation_file(collection(tmp_path, arrays), 0, 0, per_class=4, store="raw")
    first, second = (np.concatenate(found.features(layer, "points"))[:, 0] for layer in (0, 1))
    np.testing.assert_array_equal(2 * first, second)
    assert len(set(first)) == 16
    assert np.bincount(LABELS[first.astype(int)]).tolist() == [4] * 4
    with pytest.raises(InputError, match=r"per_class is 7, but .* has 6 points of class 0"):
        activation_file(read_collection(tmp_path), 0, 0, per_class=7)


def test_controls(tmp_path):
    """Shuffled: the same points in other classes. Surrogate: their covariance, nothing else."""
    points = RNG.standard_normal((400, 6)) * [5, 4, 3, 2, 1, 0.5]
    labels = np.repeat(np.arange(4), 100)
    points += 10 * labels[:, None]
    found = collection(tmp_path, {"a": points}, labels)
    content = activation_file(found, 0, 0, store="raw", controls=("shuffled", "surrogate"))
    assert content.kinds == ("points", "shuffled", "surrogate")
    own, shuffled, surrogate = (np.concatenate(content.features(0, k)) for k in content.kinds)
    order = np.lexsort(own.T), np.lexsort(shuffled.T)
    np.testing.assert_array_equal(own[order[0]], shuffled[order[1]])
    means = [np.stack([c.mean(0) for c in content.features(0, k)]) for k in content.kinds]
    assert np.ptp(means[0]) > 25 and np.ptp(means[1] - own.mean(0)) < 12
    expected = np.cov(own.T, bias=True)
    np.testing.assert_allclose(surrogate.T @ surrogate / 400, expected, atol=0.3 * expected.max())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": LABELS[:-1]}, "23 labels for 24 points"),
        ({"labels": LABELS * 0.5}, "labels of type float64"),
        ({"labels": np.ma.masked_equal(LABELS, 2)}, "has masked labels"),
        ({"arrays": {"a": POINTS + np.inf}}, "'a' holds values that are not finite"),
        ({"arrays": {"a": POINTS, "b": POINTS[:5]}}, "'b' has 5 points and there are 24"),
        ({"arrays": {"a": POINTS}, "pooling": "mean"}, "name the dimensions"),
        ({"arrays": {}}, "arrays is empty"),
        ({"arrays": {" ": POINTS}}, "arrays has the layer ' '; give each a name of its own"),
        ({"arrays": {1: POINTS, "1": POINTS}}, "has the layer '1' beside 1; give each"),
        ({"epoch": 1.5}, "epoch is '1.5'; expected a whole number from 0 up"),
        ({"epoch": -200}, "epoch is '-200'; expected a whole number"),
        ({"epoch": None}, "epoch and condition are both missing"),
        ({"condition": " "}, "condition is ' '; give it a name, or leave it out"),
        ({"epoch": None, "condition": "epoch-3"}, "condition is 'epoch-3', which is the folder of"),
        ({"subject": ""}, "subject is ''; give it a name"),
        ({"kind": "a/b"}, "kind is 'a/b'; expected letters"),
        ({"axis": (2, 3)}, r"axis is \(2, 3\) without a pooling"),
        ({"arrays": {"a": POINTS[:, :, 0, 0]}, "axis": 1}, "axis is .1,. without a pooling"),
    ],
)
def test_what_is_not_written(tmp_path, change, words):
    options = {"arrays": {"a": POINTS}, "labels": LABELS, **change}
    with pytest.raises(InputError, match=words):
        write_activations(tmp_path / "out", **{"epoch": 0, **options})
    assert not (tmp_path / "out").exists()


def test_epochs_are_read_as_they_are_written(tmp_path):
    for epoch in (0, np.int64(1), 2.0):
        write_activations(tmp_path, {"a": POINTS}, LABELS, epoch=epoch, subject=" m1")
    found = read_collection(tmp_path)
    assert found.epochs == (0, 1, 2) and found.subjects == {0: "m1"}


def test_conditions_that_are_called_as_epochs(tmp_path):
    """With an epoch the name is no folder; without, it would be that of another epoch."""
    for epoch, condition in ((3, None), (4, "epoch-3")):
        write_activations(tmp_path, {"a": POINTS}, LABELS, epoch=epoch, condition=condition)
    write_activations(tmp_path / "b", {"a": POINTS}, LABELS, condition="epoch-3b")
    assert len(list(tmp_path.glob("0/epoch-*"))) == 2


def test_names_that_are_no_paths_do_not_meet(tmp_path):
    """Neither replaces what was written under another name."""
    names = ["a b", "a_b", "a/b", ".a_b", "ä", "_"]
    for subject in names:
        write_activations(tmp_path, {"a": POINTS}, LABELS, epoch=0, subject=subject)
    assert sorted(read_collection(tmp_path).subjects.values()) == sorted(names)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("float16",) * 2, ("float32",) * 2, ("float64",) * 2, ("bfloat16", "float32")],
)
def test_tensors_are_written_in_their_precision(tmp_path, kind, expected):
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(POINTS[:, 0, 0]).to(getattr(torch, kind))
    manifest = write_activations(tmp_path, {"a": tensor}, LABELS, epoch=0)
    [file] = manifest.parent.glob("*-a.npy")
    found = np.load(file)
    assert found.dtype == expected
    np.testing.assert_array_equal(found, tensor.double().numpy())


def test_features_keep_double_precision(tmp_path):
    """Far from the origin the points of a class were all the same in single precision."""
    flat = POINTS.reshape(24, -1) + 1e8
    kept = np.concatenate([cloud.reshape(6, -1) + 1e8 for cloud in CLOUDS])
    found = activation_file(collection(tmp_path / "a", {"a": flat}), 0, 0, store="raw")
    features = np.concatenate(found.features(0, "points"))
    np.testing.assert_array_equal(features, kept)
    for kind in (np.float16, np.float32, np.int32):
        narrow = collection(tmp_path / np.dtype(kind).name, {"a": (flat - 1e8).astype(kind)})
        stored = activation_file(narrow, 0, 0, store="raw").features(0, "points")[0]
        assert stored.dtype == (np.float64 if kind is np.int32 else np.float32)


def test_one_class_is_refused(tmp_path):
    with pytest.raises(InputError, match="has 1 class"):
        activation_file(collection(tmp_path, labels=0 * LABELS), 0, 0)


def test_layers_of_other_kinds_are_refused(tmp_path):
    write_activations(tmp_path, {"a": POINTS, "b": POINTS}, LABELS, epoch=0, kind="cue")
    write_activations(tmp_path, {"a": POINTS}, LABELS, epoch=0, kind="no cue")
    with pytest.raises(InputError, match="'b' has no points of kind 'no cue' at epoch 0"):
        activation_file(read_collection(tmp_path), 0, 0)


def test_layers_of_other_classes_are_refused(tmp_path):
    for name, labels in (("a", LABELS), ("b", LABELS + 1)):
        np.savez(tmp_path / f"{name}.npz", points=POINTS, labels=labels)
    with pytest.raises(InputError, match="'b' has other classes than the layers before"):
        activation_file(read_collection(tmp_path), 0, 0)
