"""`training.reproducible: portable`: switches, keys, refusals, and the bits it gives."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
import train
from geomem.config.sharing import training_settings
from geomem.data.image_sets import save_images
from geomem.errors import InputError
from geomem.storage.tables import read_document, write_document, write_table
from geomem.training import portable
from geomem.training.key import check_same, content_key, determinants, note_use
from geomem.training.recipe import Recipe

from tests.training.problems import image_set, spec_of, targets_of, training_of

CPU = torch.device("cpu")
SCRIPTS = Path(train.__file__).parent
OTHERWISE = dict(zip(portable.SWITCHES, ("avx512", "AVX512_CORE", "AUTO"), strict=True))
# Says what the variables are when torch is imported, and ends.
SPY = """
import importlib.abc, json, os, sys
class Spy(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(json.dumps({key: os.environ.get(key) for key in json.loads(sys.argv[1])}))
            raise SystemExit
sys.meta_path.insert(0, Spy())
import %s as command
command.main(sys.argv[2:])
"""

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the switches are for x86-64 processors"
)


def features():
    """Instruction sets of this processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].split() for line in lines if line.startswith("flags")), [])


def variables(**changed):
    """This environment without the switches, `changed` laid over it."""
    rest = {key: value for key, value in os.environ.items() if key not in portable.SWITCHES}
    return {**rest, "GEOMEM_DEVICE": "cpu", **changed}


def material(folder):
    """Images and labels in a folder, as the commands take them."""
    images = image_set()
    targets = targets_of(images)
    save_images(folder / "images.npz", images, {})
    table = {
        "index": np.arange(len(targets.true)),
        "true_label": targets.true,
        "assigned_label": targets.assigned,
        "kind": np.where(targets.redrawn, "permuted", "unpermuted"),
    }
    write_table(folder / "labels.parquet", pandas.DataFrame(table), {})
    return ["--images", folder / "images.npz", "--labels", folder / "labels.parquet"]


@pytest.mark.parametrize("command", ["train", "take_snapshot"])
@pytest.mark.parametrize("asked", ["portable", "processor"])
def test_switches_are_set_before_torch_is_imported(tmp_path, command, asked):
    spec = {**spec_of(reproducible=asked), "snapshot": 2}
    if command == "train":
        files = ["--accuracy", "a", "--examples", "e", "--record", "r"]
    else:
        record = {"epochs": 6, "key": "0", "status": "completed"}
        write_document(tmp_path / "r.json", record, provenance={})
        files = ["--record", tmp_path / "r.json", "--output", "o"]
    given = [json.dumps(list(portable.SWITCHES)), "--spec", json.dumps(spec), *files]
    given += ["--images", "i", "--labels", "l", "--cache", tmp_path]
    done = subprocess.run(
        [sys.executable, "-c", SPY % command, *map(str, given)],
        env=variables(PYTHONPATH=str(SCRIPTS), **OTHERWISE),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == (portable.SWITCHES if asked == "portable" else OTHERWISE)


def weights(folder, spec, ambient):
    """The states after epochs 0 and 2, measurements included, as bytes; of a process of its own."""
    folder.mkdir()
    written = [f"--{name}={folder / name}" for name in ("accuracy", "examples", "record")]
    subprocess.run(
        [sys.executable, SCRIPTS / "train.py", "--spec", json.dumps(spec), *material(folder),
         "--cache", folder / "cache", *written],
        env=variables(**ambient), check=True, capture_output=True,
    )  # fmt: skip
    key = read_document(folder / "record")["key"]
    states = sorted((folder / "cache" / key).glob("epoch-*"))
    assert len(states) == 2
    return [path.read_bytes() for path in states]


@pytest.mark.skipif("avx2" not in features(), reason="needs AVX2")
def test_bits_do_not_depend_on_what_the_libraries_would_choose(tmp_path):
    spec = spec_of(width=4, epochs=2, reproducible="portable")
    found = [
        weights(tmp_path / str(i), spec, ambient)
        for i, ambient in enumerate(({}, OTHERWISE, {"MKL_CBWR": "AVX2"}))
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.skipif("avx512f" not in features(), reason="needs two instruction sets to differ in")
def test_without_it_they_do(tmp_path):
    spec = spec_of(width=4, epochs=2)
    one = weights(tmp_path / "one", spec, {})
    other = weights(tmp_path / "other", spec, portable.SWITCHES)
    assert one[1] != other[1]


def determining(spec):
    images = image_set()
    recipe = Recipe.read(portable.recipe_section(spec["training"]))
    return determinants(spec, recipe, images, targets_of(images), CPU)


def test_key_of_the_default_is_the_one_there_was_without_it():
    without, default, asked = (
        determining(spec_of(**given))
        for given in ({}, {"reproducible": "processor"}, {"reproducible": "portable"})
    )
    assert "reproducible" not in without
    assert content_key(without) == content_key(default) != content_key(asked)


@pytest.mark.parametrize("now, then", [("portable", "processor"), ("processor", "portable")])
def test_states_of_the_other_kind_are_refused_and_the_message_says_why(tmp_path, now, then):
    now, then = determining(spec_of(reproducible=now)), determining(spec_of(reproducible=then))
    folder = tmp_path / content_key(then)
    folder.mkdir()
    note_use(folder, then)
    check_same(then, folder)
    with pytest.raises(InputError, match=r"changed: reproducible\)"):
        check_same(now, folder)


def test_trainings_keep_their_names_by_default():
    experiment = {"data": {}, "labels": {}, "model": {"name": "vgg-small"}}

    def settings(**training):
        made = {**experiment, "training": {"epochs": 1, "snapshots": [], **training}}
        return training_settings(made, 8, 0.5, 0)

    assert settings(reproducible="processor") == settings()
    assert settings(reproducible="portable") != settings()
    assert settings(reproducible="portable")["training"]["reproducible"] == "portable"


@pytest.mark.parametrize(
    "training, threads, said",
    [
        ({"reproducible": "everywhere"}, 1, "'everywhere'; expected processor or portable"),
        ({"reproducible": "portable", "precision": "bfloat16"}, 1, "float32, not bfloat16"),
        ({"reproducible": "portable"}, 2, "needs one thread, not 2"),
    ],
)
def test_what_cannot_be_had_is_refused_before_torch_is_imported(training, threads, said):
    before = dict(os.environ)
    with pytest.raises(InputError, match=said):
        portable.prepare(training, threads)
    assert dict(os.environ) == before


def test_a_gpu_is_refused():
    with pytest.raises(InputError, match="GEOMEM_DEVICE=cpu"):
        portable.verify({"reproducible": "portable"}, torch.device("cuda"))


def test_torch_imported_without_the_switches_is_refused(tmp_path, monkeypatch):
    for name in portable.SWITCHES:
        monkeypatch.delenv(name, raising=False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        portable.prepare({"reproducible": "portable"}, 1)  # too late: torch is there
        with pytest.raises(InputError, match="set before torch is imported"):
            training_of(spec_of(reproducible="portable"), tmp_path)
        torch.set_num_threads(2)
        with pytest.raises(InputError, match="one thread"):
            training_of(spec_of(reproducible="portable"), tmp_path)
    finally:
        torch.set_num_threads(threads)


def test_other_kernels_than_those_of_avx2_are_refused(monkeypatch):
    for name, value in portable.SWITCHES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    with pytest.raises(InputError, match="AVX2 and FMA; torch computes with DEFAULT"):
        portable.verify({"reproducible": "portable"}, CPU)
