"""Snapshots: what was written is what is read, and damage never goes unseen."""

import numpy as np
import pytest
import torch
from geomem.errors import DamagedFileError
from geomem.models import build_model
from geomem.training.snapshot import load_into, read_snapshot, write_snapshot
from safetensors.torch import load_file

METADATA = {"epoch": "3", "status": "reached", "precision": "float32", "provenance": "{}"}


def network(width=2, seed=0):
    return build_model(
        {"name": "vgg-small"}, width, n_classes=5, image_shape=(1, 16, 16), seed=seed
    )


def arrays_of(model):
    return {name: value.numpy() for name, value in model.state_dict().items()}


@pytest.fixture
def path(tmp_path):
    write_snapshot(tmp_path / "3.safetensors", arrays_of(network()), METADATA)
    return tmp_path / "3.safetensors"


def test_what_is_read_is_what_was_written(path):
    arrays, metadata = read_snapshot(path)
    expected = arrays_of(network())
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert np.array_equal(arrays[name], array)
    assert {**metadata, "sha256": ""} == {**METADATA, "sha256": ""}


def test_writing_again_gives_the_same_bytes(path):
    first = path.read_bytes()
    for _ in range(20):
        write_snapshot(path, dict(reversed(arrays_of(network()).items())), METADATA)
        assert path.read_bytes() == first


def test_other_readers_of_safetensors_can_read_it(path):
    found = load_file(path)
    assert all(torch.equal(found[name], value) for name, value in network().state_dict().items())


def test_loading_into_a_network(path):
    model = network(seed=1)
    assert load_into(model, path)["epoch"] == "3"
    assert all(
        torch.equal(value, expected)
        for value, expected in zip(
            model.state_dict().values(), network().state_dict().values(), strict=True
        )
    )


def test_a_snapshot_of_another_network_is_refused(path):
    with pytest.raises(DamagedFileError, match="another network"):
        load_into(network(width=3), path)


def test_an_epoch_not_reached_has_no_weights_to_load(tmp_path):
    path = tmp_path / "9.safetensors"
    write_snapshot(path, {}, {**METADATA, "status": "diverged"})
    arrays, metadata = read_snapshot(path)
    assert arrays == {}
    assert metadata["status"] == "diverged"
    with pytest.raises(DamagedFileError, match="diverged"):
        load_into(network(), path)


def test_any_flipped_bit_and_any_truncation_is_seen(path):
    content = path.read_bytes()
    positions = np.random.default_rng(0).integers(0, len(content), 300)
    for position in {0, 8, 9, len(content) - 1, *positions.tolist()}:
        damaged = bytearray(content)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        try:
            metadata = read_snapshot(path)[1]
        except DamagedFileError as error:
            assert str(path) in str(error)
        else:  # a blank of the header's padding, which holds nothing
            assert content[position] == ord(" ")
            assert metadata == {**METADATA, "sha256": metadata["sha256"]}
    for length in (0, 5, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedFileError, match="snakemake"):
            read_snapshot(path)


def test_a_missing_snapshot_says_how_to_make_it(tmp_path):
    with pytest.raises(DamagedFileError, match="does not exist; make it with"):
        read_snapshot(tmp_path / "best.safetensors")
