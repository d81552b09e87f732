"""train.py, take_snapshot.py and `geomem cache` as a user runs them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas
import pytest
import take_snapshot
import torch
import train
from geomem.data.image_sets import save_images
from geomem.errors import InputError
from geomem.storage.tables import read_document, read_table, write_table
from geomem.training import cache_cli
from geomem.training.correctness import correctness
from geomem.training.snapshot import read_snapshot
from geomem.training.state import StateStore, model_arrays

from tests.training.problems import image_set, spec_of, targets_of

SCRIPTS = Path(train.__file__).parent


@pytest.fixture(autouse=True)
def undisturbed(monkeypatch):
    """Commands set threads, environment and signal handlers of the whole process."""
    threads = torch.get_num_threads()
    handlers = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGUSR1)}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    monkeypatch.setenv("GEOMEM_DEVICE", "cpu")
    yield
    torch.set_num_threads(threads)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def place(tmp_path):
    images = image_set()
    targets = targets_of(images)
    save_images(tmp_path / "images.npz", images, {})
    table = pandas.DataFrame(
        {
            "index": np.arange(len(targets.true)),
            "true_label": targets.true,
            "assigned_label": targets.assigned,
            "kind": np.where(targets.redrawn, "permuted", "unpermuted"),
        }
    )
    write_table(tmp_path / "labels.parquet", table, {})
    return tmp_path


def common(place, spec):
    return [
        "--spec", json.dumps(spec), "--cache", str(place / "cache"),
        "--images", str(place / "images.npz"), "--labels", str(place / "labels.parquet"),
        "--record", str(place / "training.json"),
    ]  # fmt: skip


def train_arguments(place, spec, keep=""):
    tables = [f"--{name}={place / name}.parquet" for name in ("accuracy", "examples")]
    return [*common(place, spec), "--keep", keep, *tables]


def snapshot(place, spec, which):
    output = place / "snapshots" / f"{which}.safetensors"
    take_snapshot.main([*common(place, {**spec, "snapshot": which}), "--output", str(output)])
    return read_snapshot(output)


def test_train_and_take_snapshots(place, capsys):
    spec = spec_of(epochs=4)
    train.main(train_arguments(place, spec, "0,2"))
    record = read_document(place / "training.json")
    assert record["status"] == "completed"
    assert record["epochs"] == 4
    table = read_table(place / "accuracy.parquet")
    assert list(table.columns) == ["epoch", "kind", "metric", "value", "lo", "hi", "n"]
    assert len(table) == 5 * 6 * 2
    assert (table.lo <= table.value).all() and (table.value <= table.hi).all()
    half = table[(table.kind == "validation") & (table.metric == "accuracy")]
    assert half.set_index("epoch").value.idxmax() == record["best_epoch"]

    # Image by image it says what the table of accuracies counts.
    for which, kind in (("assigned", "train"), ("true", "restored")):
        epochs, right = correctness(read_table(place / "examples.parquet"), which)
        labels = read_table(place / "labels.parquet")
        wrong = labels["true_label"] != labels["assigned_label"]
        of_kind = right if kind == "train" else right[:, wrong]
        counted = table[(table.kind == kind) & (table.metric == "accuracy")]
        np.testing.assert_allclose(of_kind.mean(axis=1), counted.set_index("epoch").value[epochs])

    store = StateStore(place / "cache" / record["key"])
    for which, epoch in (("0", 0), ("2", 2), ("best", record["best_epoch"]), ("last", 4)):
        arrays, metadata = snapshot(place, spec, which)
        assert (metadata["epoch"], metadata["status"]) == (str(epoch), "reached")
        assert json.loads(metadata["provenance"])["stage"] == "snapshot"
        expected = model_arrays(store.at(epoch).arrays)
        assert arrays.keys() == expected.keys()
        assert all(np.array_equal(arrays[name], expected[name]) for name in arrays)
    with pytest.raises(InputError, match=r"epoch 5 .*raise training\.epochs"):
        snapshot(place, spec, "5")

    capsys.readouterr()
    cache_cli.main(["--cache", str(place / "cache")])
    listed = capsys.readouterr().out
    assert record["key"] in listed
    assert "vgg-small width 2 seed 0 on cpu" in listed
    assert "1 trainings" in listed


def test_a_snapshot_in_the_cache_is_taken_without_torch(place):
    spec = spec_of(epochs=1)
    train.main(train_arguments(place, spec))
    arguments = [*common(place, {**spec, "snapshot": "last"}), "--output", str(place / "s")]
    code = (
        "import sys, take_snapshot; take_snapshot.main(sys.argv[1:]);"
        "sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    ran = subprocess.run([sys.executable, "-c", code, *arguments], env=environment, check=False)
    assert ran.returncode == 0
    assert read_snapshot(place / "s")[1]["epoch"] == "1"


def test_a_snapshot_of_a_run_made_with_other_settings_is_refused(place):
    train.main(train_arguments(place, spec_of(epochs=3)))
    changed = spec_of(epochs=3, batch_size=8)
    with pytest.raises(
        InputError, match=r"training\.json was made otherwise \(changed: training\)"
    ):
        snapshot(place, changed, "1")


def test_after_divergence_the_sweep_goes_on(place):
    spec = spec_of(optimizer={"name": "sgd", "lr": 1e30})
    assert train.main(train_arguments(place, spec)) in (None, 0)
    record = read_document(place / "training.json")
    assert record["status"] == "diverged"
    assert record["diverged_at"] == {"epoch": 1, "step": 1}
    assert set(read_table(place / "accuracy.parquet").epoch) == {0}
    arrays, metadata = snapshot(place, spec, "3")
    assert arrays == {}
    assert (metadata["epoch"], metadata["status"]) == ("3", "diverged")
    assert snapshot(place, spec, "last")[1]["epoch"] == "0"


def test_an_epoch_after_an_early_stop_has_no_weights(place):
    spec = spec_of(epochs=6, stop_at_permuted_accuracy=0.01)
    train.main(train_arguments(place, spec))
    record = read_document(place / "training.json")
    assert record["stopped_early"]
    assert record["epochs"] < 6
    assert snapshot(place, spec, "6")[1]["status"] == "stopped"


def test_keep_that_is_no_list_of_epochs(place):
    with pytest.raises(InputError, match="--keep is 'two'"):
        train.main(train_arguments(place, spec_of(), "two"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_asked_to_stop_it_saves_a_state_and_leaves_with_status_75(place, number):
    spec = spec_of(epochs=100_000)
    command = [sys.executable, str(SCRIPTS / "train.py"), *train_arguments(place, spec)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(place.glob("cache/*/best-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "a checkpoint is saved, run the same command to go on" in said
    assert "Traceback" not in said
    assert list(place.glob("cache/*/*.safetensors"))
    assert not (place / "training.json").exists()


def test_clearing_the_cache(place, capsys):
    for seed in (0, 1):
        train.main(train_arguments(place, spec_of(epochs=1, seed=seed)))
    keys = sorted(path.name for path in (place / "cache").iterdir())
    arguments = ["--cache", str(place / "cache")]
    with pytest.raises(InputError, match="no such training"):
        cache_cli.main([*arguments, "--clear", "feed"])
    cache_cli.main([*arguments, "--unused-days", "1", "--clear"])
    assert len(list((place / "cache").iterdir())) == 2
    with StateStore(place / "cache" / keys[0]).locked():
        cache_cli.main([*arguments, "--clear"])
        assert f"{keys[0]} is in use; left" in capsys.readouterr().out
    assert [path.name for path in (place / "cache").iterdir()] == [keys[0]]
    cache_cli.main([*arguments, "--clear", keys[0]])
    assert not list((place / "cache").iterdir())
