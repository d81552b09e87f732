"""Arrays of every type of file come back as they were written."""

import importlib

import numpy as np
import pytest
from geomem.errors import DamagedFileError, InputError
from geomem.storage.readers import named_arrays
from scipy.io import savemat

POINTS = np.random.default_rng(0).standard_normal((6, 4, 20))
LABELS = np.arange(6)


def test_matlab(tmp_path):
    savemat(tmp_path / "a.mat", {"points": POINTS, "labels": LABELS})
    found = named_arrays(tmp_path / "a.mat")
    np.testing.assert_array_equal(found["points"], POINTS)
    np.testing.assert_array_equal(found["labels"], LABELS[None])
    assert list(named_arrays(tmp_path / "a.mat", "points")) == ["points"]
    savemat(tmp_path / "cells.mat", {"points": np.array([POINTS, 1], dtype=object)})
    with pytest.raises(InputError, match=r"points is a cell array, a struct or sparse"):
        named_arrays(tmp_path / "cells.mat")


def test_hdf5(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["m1/points"], file["labels"] = POINTS, ["a", "ä"]
    found = named_arrays(tmp_path / "a.h5")
    np.testing.assert_array_equal(found["m1/points"], POINTS)
    assert found["labels"].tolist() == ["a", "ä"]
    with pytest.raises(InputError, match=r"no array 'm2/points'; it has labels, m1/points"):
        named_arrays(tmp_path / "a.h5", "m2/points")


def test_matlab_of_version_7_3_has_its_dimensions_turned_back(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["points"] = POINTS.T
    head = b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + (0x0200).to_bytes(2, "little") + b"IM"
    with open(tmp_path / "a.mat", "r+b") as file:
        file.write(head)
    np.testing.assert_array_equal(named_arrays(tmp_path / "a.mat")["points"], POINTS)


def test_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("m1/points", data=POINTS)
    np.testing.assert_array_equal(named_arrays(tmp_path / "a.zarr")["m1/points"], POINTS)
    zarr.save_array(tmp_path / "b.zarr", POINTS)
    np.testing.assert_array_equal(named_arrays(tmp_path / "b.zarr")["b"], POINTS)


def test_a_zarr_array_of_which_files_are_missing(tmp_path):
    """As an interrupted copy leaves it; Zarr itself writes no chunk that holds the fill value."""
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=POINTS.shape, chunks=(1, 4, 20), dtype=float, fill_value=0
    )
    array[:] = POINTS
    np.testing.assert_array_equal(named_arrays(tmp_path / "a.zarr")["a"], POINTS)
    (tmp_path / "a.zarr/c/2/0/0").unlink()
    with pytest.warns(UserWarning, match=r"a.zarr: 1 of 6 chunks have no file and are taken as 0"):
        found = named_arrays(tmp_path / "a.zarr")["a"]
    assert not found[2].any() and found[3].any()


@pytest.mark.filterwarnings("ignore:.*does not have a Zarr V3 specification")
def test_text_in_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    names = np.array(["a", "ä", "long"])
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("labels", shape=3, dtype="str")[:] = names.astype(object)
    found = named_arrays(tmp_path / "a.zarr")["labels"]
    assert found.tolist() == names.tolist() and found.dtype.kind == "U"


@pytest.mark.parametrize(("suffix", "package"), [(".h5", "h5py"), (".zarr", "zarr")])
def test_a_package_that_is_not_there(tmp_path, monkeypatch, suffix, package):
    (tmp_path / f"a{suffix}").mkdir() if suffix == ".zarr" else (tmp_path / "a.h5").touch()

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(InputError, match=f"needs the package {package}; install it"):
        named_arrays(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat", "a.safetensors"])
def test_what_is_cut_off(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 no such thing")
    with pytest.raises(DamagedFileError, match=f"{name} cannot be read"):
        named_arrays(tmp_path / name)
