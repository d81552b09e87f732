"""The three commands on files, including snapshots that training did not reach."""

import json

import pytest
from geomem.analysis.activation_file import read_activations
from geomem.data.image_sets import save_images
from geomem.errors import InputError
from geomem.storage.tables import read_table, write_table
from geomem.training.snapshot import write_snapshot

from scripts import extract_activations, rewind_layers, split_gradients
from tests.analysis import small

MODEL = {**small.SPEC, "model": {"name": "vgg-small", "dropout": 0}}
REWIND = {
    "rewind": {
        "epochs": [0], "schemes": ["suffix"], "sets": {}, "batch_norm": ["with-layer"],
        "train_images": 50,
    }
}  # fmt: skip


@pytest.fixture(autouse=True)
def settings_kept(monkeypatch):
    """Commands set their process up; undo that."""
    import torch

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    deterministic = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(deterministic)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Paths of an image set, labels, a analysis_set and snapshots by epoch; 7 was not reached."""
    folder = tmp_path_factory.mktemp("run")
    images = small.image_set()
    labels = small.labels_of(images)
    save_images(folder / "images", images, {})
    write_table(folder / "labels", labels, {})
    write_table(folder / "analysis_set", small.probe_of(images, labels), {})
    for epoch in (0, 3, 7):
        state = small.network(images, seed=epoch).state_dict() if epoch < 7 else {}
        arrays = {name: value.numpy().copy() for name, value in state.items()}
        status = "reached" if epoch < 7 else "diverged"
        metadata = {"epoch": str(epoch), "status": status, "precision": "float32"}
        write_snapshot(folder / str(epoch), arrays, {**metadata, "provenance": "{}"})
    return folder


def call(command, files, spec, more=(), **paths):
    given = {"images": "images", "output": "out", **paths}
    named = {f"--{name.replace('_', '-')}": str(files / path) for name, path in given.items()}
    options = [word for pair in named.items() for word in pair]
    command.main(["--spec", json.dumps(spec), *options, *more])
    return files / "out"


@pytest.mark.parametrize("epoch", [0, 3, 7])
def test_extract_activations(files, epoch):
    spec = {**MODEL, "layers": ["fc*"], "seed": 0, "store": "products"}
    out = call(extract_activations, files, spec, analysis_set="analysis_set", snapshot=str(epoch))
    content = read_activations(out)
    assert content.epoch == epoch
    assert [x["name"] for x in content.layers] == ([] if epoch == 7 else ["fc1", "fc2", "fc3"])
    assert len(content.kinds) == (0 if epoch == 7 else 4)
    deep = {"n_layers": 13, "weighted_layers": "1,2,4,5,7,8,10,11,12"}  # with input and pools
    assert content.network == ({} if epoch == 7 else deep)


def test_rewind_layers(files):
    snapshots = ["--snapshots", *(str(files / name) for name in ("0", "3", "7"))]
    out = call(rewind_layers, files, {**MODEL, **REWIND}, snapshots, labels="labels", final="3")
    table = read_table(out)
    assert set(table["epoch"]) == {0, 3}
    assert set(table["scheme"]) == {"none", "all", "suffix"}
    assert table["layer_index"].dtype == "Int64"
    assert set(table["n_layers"]) == {13}
    assert (table["lo"] <= table["value"]).all()
    test = table[(table["kind"] == "test") & (table["epoch"] == 3)]
    assert test["value"].nunique() == 1  # going back to the final epoch changes nothing
    out = call(rewind_layers, files, {**MODEL, **REWIND}, snapshots, labels="labels", final="7")
    assert len(read_table(out)) == 0


def test_split_gradients(files):
    snapshots = ["--snapshots", *(str(files / name) for name in ("0", "3", "3", "7"))]
    spec = {**MODEL, "seed": 0, "per_class": None}
    table = read_table(call(split_gradients, files, spec, snapshots, labels="labels"))
    assert set(table["epoch"]) == {0, 3}
    assert set(table["n_layers"]) == {13}
    assert not table.duplicated(["epoch", "layer", "kind", "part", "metric"]).any()


def test_snapshot_of_another_width(files):
    spec = {**MODEL, "width": 3, "layers": ["*"], "seed": 0, "store": "products"}
    with pytest.raises(InputError, match="does not fit the network of `model` and `width`"):
        call(extract_activations, files, spec, analysis_set="analysis_set", snapshot="3")
