"""Labels from a file and from a matrix."""

import io
import json
import zipfile

import make_labels
import numpy as np
import pandas as pd
import pytest
import torch
from geomem.data.given_labels import draw_labels, read_labels, read_matrix
from geomem.data.image_sets import ImageSet, save_images
from geomem.data.labels import assign_labels, label_table
from geomem.errors import DamagedFileError, GeomemError, InputError
from geomem.storage.provenance import provenance
from geomem.storage.tables import read_table, table_provenance

TRUE = np.arange(200) % 10
NAMES = [f"class {number}" for number in range(10)]
WORSE = np.where(np.arange(200) % 5 == 0, (TRUE + 3) % 10, TRUE)


def human(path, **changes):
    """A file in the form of CIFAR-10N's, whose arrays are int64."""
    arrays = {
        "clean_label": TRUE,
        "random_label1": (TRUE + 1) % 10,
        "random_label2": (TRUE + 2) % 10,
        "random_label3": TRUE,
        "worse_label": WORSE,
        "aggre_label": TRUE,
    }
    torch.save({**arrays, **changes}, path)
    return path


def test_the_form_of_cifar_10n(tmp_path):
    path = human(tmp_path / "CIFAR-10_human.pt")
    np.testing.assert_array_equal(read_labels(path, TRUE, NAMES, "worse_label"), WORSE)
    np.testing.assert_array_equal(read_labels(path, TRUE, NAMES, "random_label2"), (TRUE + 2) % 10)
    with pytest.raises(InputError, match=r"labels.column is missing; .*worse_label"):
        read_labels(path, TRUE, NAMES)
    with pytest.raises(InputError, match=r"labels.column is 'worst'"):
        read_labels(path, TRUE, NAMES, "worst")


def test_the_form_of_an_older_numpy(tmp_path):
    """NumPy 1, with which the files were written, calls its module numpy.core."""
    path = human(tmp_path / "a.pt")
    content = path.read_bytes()
    renamed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(renamed, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, part.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert b"numpy._core" in content and b"numpy._core" not in renamed.getvalue()
    path.write_bytes(renamed.getvalue())
    np.testing.assert_array_equal(read_labels(path, TRUE, NAMES, "worse_label"), WORSE)


class Payload:
    """What unpickling would run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_nothing_is_run(tmp_path):
    path, made = tmp_path / "a.pt", tmp_path / "made"
    torch.save({"worse_label": Payload(made)}, path)
    with pytest.raises(DamagedFileError, match=r"a.pt cannot be read"):
        read_labels(path, TRUE, NAMES, "worse_label")
    assert not made.exists()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_may_leave_images_out_and_name_classes(tmp_path, suffix):
    labels = [*(f"class {number}" for number in (3, 3)), "7"]
    table = pd.DataFrame({"index": [5, 0, 199], "label": labels, "own": labels[::-1]})
    path = tmp_path / f"a{suffix}"
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    found = read_labels(path, TRUE, NAMES)
    assert found[[5, 0, 199]].tolist() == [3, 3, 7]
    rest = np.setdiff1d(np.arange(200), [5, 0, 199])
    np.testing.assert_array_equal(found[rest], TRUE[rest])
    assert read_labels(path, TRUE, NAMES, "own")[5] == 7


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_arrays(tmp_path, name):
    path = tmp_path / name
    np.save(path, WORSE) if name == "a.npy" else np.savez(path, labels=WORSE)
    np.testing.assert_array_equal(read_labels(path, TRUE, NAMES), WORSE)


def _csv(path, *lines):
    path = path.with_suffix(".csv")
    path.write_text("\n".join(lines) + "\n")
    return path


def _reordered(path):
    torch.save({"clean_label": np.roll(TRUE, 1), "noisy_label": WORSE}, path.with_suffix(".pt"))
    return path.with_suffix(".pt")


def _npy(path, array):
    np.save(path.with_suffix(".npy"), array)
    return path.with_suffix(".npy")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: p.with_suffix(".txt"), "not of a type"),
        (lambda p: p.with_suffix(".npy"), "does not exist"),
        (lambda p: _csv(p, "index,labels", "0,1"), "no column 'label'; it has index, labels"),
        (lambda p: _csv(p, "index,label", "0,1", "0,2"), "stands there twice"),
        (lambda p: _csv(p, "index,label", "200,1"), "index 200 is outside the 200"),
        (lambda p: _csv(p, "index,label", "-1,1"), "index -1 is outside"),
        (lambda p: _csv(p, "index,label", "x,1"), "index holds what is no whole number"),
        (lambda p: _csv(p, "index,label", "0,cat"), "'cat' is no class"),
        (lambda p: _csv(p, "index,label", "0,10"), "'10' is no class"),
        (lambda p: _npy(p, WORSE[:-1]), r"shape \(199,\) and there are 200"),
        (lambda p: _npy(p, WORSE + 1), "labels are 2 to 10"),
        (lambda p: _npy(p, WORSE / 2), "labels are float64"),
        (_reordered, "clean_label differs from the labels of 100 %"),
    ],
)
def test_files_that_do_not_fit(tmp_path, write, words):
    with pytest.raises(GeomemError, match=words):
        read_labels(write(tmp_path / "a"), TRUE, NAMES)


def test_classes_that_are_named_by_numbers(tmp_path):
    """Folders are sorted as text, so class 10 is the third; torchvision calls it 2."""
    names = sorted(map(str, range(12)))
    true = np.arange(12)
    by_name = _csv(tmp_path / "a", "index,label", "0,10", "1,2", "2,0")
    assert read_labels(by_name, true, names)[:3].tolist() == [2, 4, 0]
    with pytest.raises(InputError, match=r"label 2 is the name of one class .* of another, 10"):
        read_labels(_npy(tmp_path / "b", true), true, names)
    clean = tmp_path / "d.npz"
    np.savez(clean, clean_label=true, worse_label=true[::-1])
    assert read_labels(clean, true, names, "worse_label").tolist() == true[::-1].tolist()
    padded = [f"{number:02}" for number in range(12)]
    assert read_labels(_npy(tmp_path / "c", true), true, padded).tolist() == true.tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_labels_of_a_table_are_all_names_or_all_numbers(tmp_path, suffix):
    """Names 1 to 9 and A to C: a 0 shows that positions are meant, and 1 names another class."""

    def read(labels, names):
        path = tmp_path / f"a{suffix}"
        frame = pd.DataFrame({"index": np.arange(len(labels)), "label": labels})
        frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
        return read_labels(path, np.arange(len(names)), names).tolist()

    characters = list("123456789ABC")
    assert read(characters, characters) == list(range(12))
    with pytest.raises(InputError, match=r"label 1 is the name of one class .* of another, 2"):
        read(range(12), characters)
    numbered = [f"{number:02}" for number in range(1, 13)]
    assert read(numbered, numbered) == list(range(12))
    with pytest.raises(InputError, match=r"label 1 is the name of one class .* of another, 02"):
        read([1, 2, 3], numbered)
    with pytest.raises(InputError, match="labels are 1 to 12"):
        read(range(1, 13), numbered)
    assert read([2, 0, 1], ["cat", "dog", "emu"]) == [2, 0, 1]
    with pytest.raises(InputError, match=r"'A' is no class; .*, all numbers or all names"):
        read(["0", "A"], [str(number) for number in range(3)])


def test_an_image_with_a_true_label_is_unpermuted():
    for noise in (0, 0.5, 1):
        assigned, redrawn = assign_labels(TRUE, rule="table", noise=noise, given=WORSE)
        kinds = label_table(TRUE, assigned, redrawn)["kind"]
        assert ((kinds == "permuted") == (assigned != TRUE)).all()
        assert set(kinds) <= {"permuted", "unpermuted"}
        taken = assigned == WORSE
        assert taken.all() if noise == 1 else taken.mean() >= noise
    assert (assign_labels(TRUE, rule="table", noise=0, given=WORSE)[0] == TRUE).all()


def test_transitions_have_the_frequencies_of_the_matrix():
    matrix = np.array([[0.5, 0.5, 0], [0, 1, 0], [0.1, 0.2, 0.7]])
    true = np.repeat(np.arange(3), 20_000)
    drawn = draw_labels(true, matrix, seed=0)
    found = np.array([np.bincount(drawn[true == c], minlength=3) for c in range(3)]) / 20_000
    np.testing.assert_allclose(found, matrix, atol=4 * np.sqrt(0.25 / 20_000))
    assert (found[matrix == 0] == 0).all(), "never what has no probability"
    np.testing.assert_array_equal(drawn, draw_labels(true, matrix, seed=0))
    assert (drawn != draw_labels(true, matrix, seed=1)).any()


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([[1, 0], [0, 1]], r"shape \(2, 2\); with 3 classes"),
        ([[0.5, 0.4, 0], [0, 1, 0], [0, 0, 1]], "row 0 is no distribution .sum 0.9"),
        ([[1, 0, 0], [2, -1, 0], [0, 0, 1]], "row 1 is no distribution"),
        ("no-such-file.csv", "cannot be read as a matrix"),
        ([[1, 0, 0], [0, 1], [0, 0, 1]], "labels.matrix is no matrix"),
        ([["x", 0, 0], [0, 1, 0], [0, 0, 1]], "labels.matrix is no matrix"),
    ],
)
def test_matrices_that_do_not_fit(matrix, words):
    with pytest.raises(InputError, match=words):
        read_matrix(matrix, 3)


def test_matrices_from_files(tmp_path):
    matrix = np.full((3, 3), 1 / 3)
    np.savetxt(tmp_path / "a.csv", matrix, delimiter=",")
    np.save(tmp_path / "a.npy", matrix)
    for name in ("a.csv", "a.npy"):
        np.testing.assert_allclose(read_matrix(str(tmp_path / name), 3), matrix)


def test_the_command(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (200, 1, 4, 4), dtype=np.uint8)
    images = ImageSet(pixels, TRUE, pixels, TRUE, np.array(NAMES))
    save_images(tmp_path / "i.npz", images, provenance("test", {}))
    path = human(tmp_path / "CIFAR-10_human.pt")
    rule = {"rule": "table", "path": str(path), "column": "worse_label"}
    flip = {"rule": "transition", "matrix": np.roll(np.eye(10), 1, axis=1).tolist()}
    for spec, expected in ((rule, WORSE), (flip, (TRUE + 1) % 10)):
        spec = {**spec, "noise": 1, "seed": 0}
        arguments = ["--spec", json.dumps(spec), "--images", str(tmp_path / "i.npz")]
        make_labels.main([*arguments, "--output", str(tmp_path / "l.parquet")])
        table = read_table(tmp_path / "l.parquet")
        np.testing.assert_array_equal(table["assigned_label"], expected)
        origin = table_provenance(tmp_path / "l.parquet")
        assert origin["wrong_fraction"] == (expected != TRUE).mean()
        assert (str(path) in origin["inputs"]) == (spec["rule"] == "table")
