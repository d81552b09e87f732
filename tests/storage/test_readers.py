"""Arrays of every type of file come back as they were written."""

import importlib
import warnings

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
    with h5py.File(tmp_path / "a.mat", "r+") as file:
        file.create_dataset("more", POINTS.T.shape, float, chunks=(20, 4, 1))
        file["more"][..., :2] = POINTS.T[..., :2]
        file["#refs#/a"] = LABELS
    with pytest.warns(UserWarning, match=r"a.mat, more: 4 of 6 chunks are not stored"):
        found = named_arrays(tmp_path / "a.mat")
    assert sorted(found) == ["#refs#/a", "more", "points"]
    np.testing.assert_array_equal(found["more"][:2], POINTS[:2])


def test_hdf5_whose_recording_was_interrupted(tmp_path):
    """Manifolds of zeros were measured as if they had been recorded."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        part = file.create_dataset("part", POINTS.shape, float, chunks=(1, 4, 7), fillvalue=-1)
        part[:4] = POINTS[:4]
        file.create_dataset("none", POINTS.shape, float)
        file.create_dataset("text", 3, h5py.string_dtype(), chunks=(1,))[:2] = ["a", "b"]
    with pytest.warns(UserWarning) as caught:
        found = named_arrays(tmp_path / "a.h5")
    for words in (
        "a.h5, part: 6 of 18 chunks are not stored and are taken as -1.0; if nothing",
        "a.h5, none: 1 of 1 chunks are not stored and are taken as 0.0",
        "a.h5, text: 1 of 3 chunks",
    ):
        assert sum(words in str(each.message) for each in caught) == 1, words
    assert len(caught) == 3
    np.testing.assert_array_equal(found["part"][4:], -1)
    np.testing.assert_array_equal(found["part"][:4], POINTS[:4])
    assert not found["none"].any() and found["text"].tolist() == ["a", "b", ""]
    with pytest.warns(UserWarning, match="a.h5, none"):
        assert list(named_arrays(tmp_path / "a.h5", "none")) == ["none"]


def test_complete_hdf5_files_of_every_layout(tmp_path):
    h5py = pytest.importorskip("h5py")
    written = {
        "contiguous": {},
        "chunked": {"chunks": (1, 3, 7)},
        "one chunk": {"chunks": POINTS.shape},
        "compressed": {"chunks": (4, 4, 20), "compression": "gzip", "shuffle": True},
        "resizable": {"chunks": (5, 4, 20), "maxshape": (None, 4, 20)},
        "checked": {"chunks": (2, 4, 20), "fletcher32": True},
    }
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, options in written.items():
            file.create_dataset(name, data=POINTS, **options)
        file["resizable"].resize((3, 4, 20))
        file["zeros"], file["scalar"], file["empty"] = np.zeros((3, 4)), 5.0, np.zeros((0, 4))
        file.create_dataset("empty chunks", (0, 4), float, chunks=(1, 4), maxshape=(None, 4))
        file["text"] = ["a", "ä"]
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple(LABELS.shape)
        h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_INT64, space, compact)
        file["compact"][:] = LABELS
        virtual = h5py.VirtualLayout(POINTS.shape, POINTS.dtype)
        virtual[:] = h5py.VirtualSource(".", "chunked", POINTS.shape)
        file.create_virtual_dataset("virtual", virtual)
        raw = str(tmp_path / "raw.bin")
        file.create_dataset("external", data=LABELS, external=[(raw, 0, LABELS.nbytes)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = named_arrays(tmp_path / "a.h5")
    for name in (*written, "virtual"):
        expected = POINTS[:3] if name == "resizable" else POINTS
        np.testing.assert_array_equal(found[name], expected, err_msg=name)
    assert found["compact"].tolist() == found["external"].tolist() == LABELS.tolist()
    assert found["scalar"] == 5 and found["empty"].shape == found["empty chunks"].shape == (0, 4)
    assert not found["zeros"].any() and found["text"].tolist() == ["a", "ä"]


def test_links_in_hdf5(tmp_path):
    """A dataset has every name that leads to it; what leads nowhere or back is no array."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["points"] = POINTS + 1
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["points"], file["meta/conditions"] = POINTS, LABELS
        file["hard"] = file["points"]
        file["labels"] = h5py.SoftLink("/meta/conditions")
        file["broken"] = h5py.SoftLink("/nowhere")
        file["outside"] = h5py.ExternalLink("other.h5", "points")
        file["outside, broken"] = h5py.ExternalLink("missing.h5", "points")
        file["meta/up"], file["meta/itself"] = h5py.SoftLink("/"), file["meta"]
        file["itself"] = h5py.SoftLink("/itself")
    found = named_arrays(tmp_path / "a.h5")
    expected = ["hard", "labels", "meta/conditions", "outside", "points"]
    assert sorted(found) == expected
    np.testing.assert_array_equal(found["hard"], POINTS)
    np.testing.assert_array_equal(found["outside"], POINTS + 1)
    assert list(named_arrays(tmp_path / "a.h5", "labels")) == ["labels"]


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
    with pytest.warns(UserWarning, match="a.zarr: 1 of 6 chunks are not .* taken as 0"):
        found = named_arrays(tmp_path / "a.zarr")["a"]
    assert not found[2].any() and found[3].any()


PACKED = {
    "scale": ({"scale_factor": 0.5}, r"scale_factor 0\.5 say that values are packed"),
    "offset": ({"add_offset": [3.0], "scale_factor": 1}, r"scale_factor 1, add_offset 3 say"),
    "missing": ({"missing_value": 7}, r"6 values are 7, which its attribute missing_value says"),
    "fill": ({"_FillValue": 7.0}, "6 values are 7, which its attribute _FillValue says"),
    "base64": ({"_FillValue": "AAAAAAAAHEA="}, "6 values are 7, which its attribute _FillValue"),
    "text": ({"missing_value": "none", "_FillValue": "7"}, "its attribute _FillValue says"),
    "no number": ({"missing_value": "none"}, None),
    "neither": ({"_FillValue": "NaN", "scale_factor": 1, "missing_value": -1}, None),
}


@pytest.mark.parametrize(("attributes", "message"), PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("suffix", ["h5", "zarr"])
def test_values_that_stand_for_others(tmp_path, suffix, attributes, message):
    """Packed numbers and codes of missing values were measured as if they had been recorded."""
    package = pytest.importorskip({"h5": "h5py", "zarr": "zarr"}[suffix])
    values = np.repeat([[1.0, 7.0]], 6, axis=0).astype(np.float32)
    if suffix == "h5":
        with package.File(tmp_path / "a.h5", "w") as file:
            file["a"] = values
            file["a"].attrs.update(attributes)
    else:
        package.save_array(tmp_path / "a.zarr", values)
        package.open(tmp_path / "a.zarr").attrs.update(attributes)
    if message is None:
        np.testing.assert_array_equal(named_arrays(tmp_path / f"a.{suffix}")["a"], values)
    else:
        with pytest.raises(InputError, match=message):
            named_arrays(tmp_path / f"a.{suffix}")


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
