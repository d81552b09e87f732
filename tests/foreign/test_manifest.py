"""Manifests: what is read, and one message for what cannot be."""

import numpy as np
import pytest
from geomem.errors import GeomemError
from geomem.foreign.manifest import is_collection, read_collection

LABELS = np.repeat(np.arange(3), 4)


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", np.zeros((12, 5)))
        np.savez(tmp_path / f"{name}.npz", points=np.zeros((12, 5)), labels=LABELS)
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path


def manifest(folder, *lines, name="m.csv"):
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def test_defaults(folder):
    found = read_collection(manifest(folder, "file,labels", "a.npy,labels.npy", "b.npz,"))
    assert found.layers == ("a", "b") and found.kinds == ("points",)
    assert (found.epochs, found.seeds) == ((0,), (0,))
    first, second = found.entries
    assert (first.labels, first.labels_array) == (str(folder / "labels.npy"), "")
    assert (second.labels, second.labels_array) == (str(folder / "b.npz"), "labels")
    assert found.files(0, 0) == [
        str(folder / name) for name in ("a.npy", "b.npz", "labels.npy")
    ]  # fmt: skip


def test_names_are_numbered(folder):
    lines = [
        f"{file}.npz,V1,{condition},{subject}"
        for subject in ("m2", "m1")
        for file, condition in (("a", "before"), ("b", "after"))
    ]
    found = read_collection(manifest(folder, "file,layer,condition,subject", *lines))
    assert found.conditions == {0: "before", 1: "after"}, "in the order of the rows"
    assert found.subjects == {0: "m1", 1: "m2"}, "sorted"
    assert [e.seed for e in found.entries] == [1, 1, 0, 0]
    [entry] = found.at(0, 1)
    assert entry.file.endswith("b.npz")


def test_numbers_with_zeros_before_them_are_names(folder):
    rows = ["a.npz,V1,01", "b.npz,V1,1"]
    found = read_collection(manifest(folder, "file,layer,subject", *rows))
    assert found.subjects == {0: "01", 1: "1"}


def test_a_number_orders_what_a_name_calls(folder):
    found = read_collection(
        manifest(folder, "file,layer,epoch,condition", "a.npz,V1,7,late", "b.npz,V1,2,early")
    )
    assert found.epochs == (2, 7) and found.conditions == {7: "late", 2: "early"}


def test_parquet_is_read_as_csv_is(folder):
    pandas = pytest.importorskip("pandas")
    rows = pandas.DataFrame(
        {"file": ["a.npz", "b.npz"], "layer": ["V1", "V1"], "epoch": [0, 10], "axis": [None, "1"]}
    )
    rows["pooling"] = [None, "mean"]
    rows.to_parquet(folder / "m.parquet")
    text = ["file,layer,epoch,axis,pooling", "a.npz,V1,0,,", "b.npz,V1,10,1,mean"]
    csv = read_collection(manifest(folder, *text))
    assert read_collection(folder / "m.parquet").entries == csv.entries


def test_folders(tmp_path):
    for subject in ("m1", "m2"):
        for epoch in ("epoch-2", "10"):
            place = tmp_path / subject / epoch
            place.mkdir(parents=True)
            for layer in ("conv10", "conv2"):
                np.save(place / f"{layer}.npy", np.zeros((12, 5)))
        np.save(tmp_path / subject / "labels.npy", LABELS)
    found = read_collection(tmp_path)
    assert found.layers == ("conv2", "conv10") and found.epochs == (2, 10)
    assert found.subjects == {0: "m1", 1: "m2"}
    assert {e.labels for e in found.entries} == {
        str(tmp_path / subject / "labels.npy") for subject in ("m1", "m2")
    }
    assert is_collection(tmp_path) and not is_collection(tmp_path / "m1" / "labels.npy")


def test_two_files_of_labels_in_a_folder(tmp_path):
    (tmp_path / "m1").mkdir()
    np.save(tmp_path / "m1/V1.npy", np.zeros((12, 5)))
    np.save(tmp_path / "m1/labels.npy", LABELS)
    (tmp_path / "m1/labels.csv").write_text("label\n")
    with pytest.raises(GeomemError, match=r"m1 has labels.csv and labels.npy; keep the one"):
        read_collection(tmp_path)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["layer", "a"], "has no column file; it has layer"),
        (["file,layr", "a.npz,x"], "unknown column 'layr'; did you mean layer?"),
        (["file;layer", "a.npz;x"], "columns are 'file;layer'; separate them by commas"),
        (["file,notes", "a.npz,x"], "unknown column 'notes'; leave it out"),
        (["file"], "names no array"),
        (["file,layer", "a.npz"], "row 2: expected 2 values"),
        (["file,layer", ",x"], "row 2: file is empty"),
        (["file", "c.npz"], r"row 2: file is 'c.npz', and .*c.npz does not exist"),
        (["file", "m.csv"], "row 2: file is 'm.csv'; expected .npy"),
        (["file", "a.npy"], "row 2: labels is empty, and a.npy can hold no labels"),
        (["file,labels", "a.npy,x.csv"], "row 2: labels is 'x.csv'"),
        (["file,epoch", "a.npz,early"], "epoch is 'early'.*the column condition"),
        (["file,epoch", "a.npz,-1"], "row 2: epoch is '-1'"),
        (["file,condition", "a.npz,x", "b.npz,"], "row 3: condition is empty"),
        (["file,epoch", "a.npz,1", "b.npz,"], "row 3: epoch is empty, and other rows have one"),
        (["file,epoch,condition", "a.npz,1,x", "b.npz,1,y"], "epoch 1 is called 'y', and 'x'"),
        (["file,pooling", "a.npz,median"], "pooling is 'median'; expected none, mean"),
        (["file,axis", "a.npz,1"], "axis is '1' without a pooling"),
        (["file,pooling,axis", "a.npz,mean,0"], "axis is '0'; expected dimensions from 1"),
        (["file,pooling,axis", "a.npz,first,1 2"], "pooling first takes one axis"),
        (["file,pooling,axis", "a.npz,mean,2 2"], "axis is '2 2'; name each dimension once"),
        (["file,pooling,axis", "a.npz,mean,x"], "axis is 'x'; expected dimensions"),
        (["file,layer", "a.npz,x", "b.npz,x"], "layer 'x' of epoch 0, subject 0.* 2 times"),
        (["file,kind", "a.npz,a/b"], "kind is 'a/b'"),
    ],
)
def test_what_cannot_be_used(folder, lines, words):
    with pytest.raises(GeomemError, match=words):
        read_collection(manifest(folder, *lines))
