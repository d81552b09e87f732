"""Weights from files of others."""

import io
import pickle

import numpy as np
import pytest
import torch
from geomem.errors import DamagedFileError, GeomemError, InputError
from geomem.foreign.weights import read_weights
from safetensors.torch import save_file
from torch import nn

MODEL = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
STATE = MODEL.state_dict()


def assert_same(found):
    assert found.keys() == STATE.keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, STATE[name].numpy())


@pytest.mark.parametrize(
    ("saved", "key"),
    [
        (STATE, None),
        ({"state_dict": STATE, "epoch": 3, "lr": 0.1}, None),
        ({"model": STATE, "optimizer": {"state": {}}}, None),
        ({"ema": STATE, "model": {}}, "ema"),
        ({f"module.{name}": value for name, value in STATE.items()}, None),
        ({"model": {f"_orig_mod.{name}": value for name, value in STATE.items()}}, None),
        ({f"_orig_mod.module.{name}": value for name, value in STATE.items()}, None),
        ({f"module._orig_mod.{name}": value for name, value in STATE.items()}, None),
    ],
)
def test_what_torch_saved(tmp_path, saved, key):
    torch.save(saved, tmp_path / "a.pt")
    assert_same(read_weights(tmp_path / "a.pt", key))


def test_safetensors_and_narrow_types(tmp_path):
    save_file(STATE, tmp_path / "a.safetensors")
    assert_same(read_weights(tmp_path / "a.safetensors"))
    narrow = {name: value.bfloat16() for name, value in STATE.items() if value.is_floating_point()}
    for name, save in (("b.safetensors", save_file), ("b.pt", torch.save)):
        save(narrow, tmp_path / name)
        found = read_weights(tmp_path / name)
        for key, array in found.items():
            np.testing.assert_array_equal(array, narrow[key].float().numpy())


def test_a_whole_model_is_refused(tmp_path):
    torch.save(MODEL, tmp_path / "a.pt")
    with pytest.raises(DamagedFileError, match=r"weights_only=True .*save model.state_dict"):
        read_weights(tmp_path / "a.pt")
    stream = io.BytesIO()
    pickle.dump({"a": print}, stream)
    (tmp_path / "b.pt").write_bytes(stream.getvalue())
    with pytest.raises(DamagedFileError, match="cannot be read"):
        read_weights(tmp_path / "b.pt")


@pytest.mark.parametrize(
    ("saved", "key", "words"),
    [
        ({"epoch": 3}, None, r"holds dict \(epoch\), expected tensors"),
        ([1, 2], None, "holds list"),
        ({"model": STATE}, "ema", "no weights at 'ema'; it has model"),
        ({"a": torch.tensor([1.0, float("nan")])}, None, "a holds values that are not finite"),
    ],
)
def test_what_holds_no_weights(tmp_path, saved, key, words):
    torch.save(saved, tmp_path / "a.pt")
    with pytest.raises(InputError, match=words):
        read_weights(tmp_path / "a.pt", key)


@pytest.mark.parametrize("name", ["a.h5", "a.pt", "a.safetensors"])
def test_files_that_are_not_there(tmp_path, name):
    with pytest.raises(GeomemError, match=name):
        read_weights(tmp_path / name)
