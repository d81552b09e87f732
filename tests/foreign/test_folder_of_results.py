"""`geomem geometry FOLDER --output DIR` and what others keep in DIR."""

from collections import Counter

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.foreign import write_activations
from geomem.geometry.cli import main
from geomem.storage.arrays import read_arrays
from geomem.storage.tables import read_table
from geomem.warning import unpack

pytest.importorskip("pyarrow")
LABELS = np.repeat(np.arange(4), 6)


@pytest.fixture
def place(tmp_path):
    points = np.random.default_rng(0).standard_normal((24, 30))
    write_activations(tmp_path / "rec", {"V1": points, "V4": points + 1}, LABELS, epoch=0)
    return tmp_path


def measure(place, *options):
    """Everything is beside the activations, as with `--output .`."""
    arguments = ["--output", str(place), "--n-t", "20", "--threads", "1", *options]
    return main([str(place / "rec"), *arguments])


def test_what_others_wrote_stays(place):
    kept = [place / name for name in ("figures/photo.png", "figures/plan.svg", "tables/mine.csv")]
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    measure(place)
    for name in ("figures/depth.png", "tables/geometry.parquet", "tables/low_rank.parquet"):
        assert (place / name).is_file()
    copies = [place / "figures/first.png", place / "tables/first.parquet"]
    for copy, name in zip(copies, ("figures/depth.png", "tables/geometry.parquet"), strict=True):
        copy.write_bytes((place / name).read_bytes())
    measure(place, "--estimator", "glue", "--dichotomies", "balanced")
    found = {path.name for path in (place / "tables").iterdir()}
    assert found == {"mine.csv", "first.parquet", "glue.parquet"}, "none of the other estimator"
    assert not (place / "figures/low_rank.png").exists()
    assert all(path.read_text() == "mine" for path in kept) and all(p.is_file() for p in copies)


@pytest.mark.parametrize(
    "name", ["figures/depth.png", "figures/depth.svg", "tables/geometry.parquet", "explorer.html"]
)
def test_what_others_wrote_is_not_replaced(place, name):
    (place / name).parent.mkdir(exist_ok=True)
    (place / name).write_text("mine")
    with pytest.raises(InputError, match=f"{name} was not written by geomem geometry and would be"):
        measure(place)
    assert (place / name).read_text() == "mine" and not (place / "runs").exists()


def test_warnings_are_counted(place, capsys):
    """A layer without any variance, beside one without fault."""
    points = np.random.default_rng(1).standard_normal((24, 30))
    write_activations(place / "rec", {"V1": points, "V4": np.ones((24, 30))}, LABELS, epoch=1)
    measure(place)
    table = read_table(place / "tables/geometry.parquet")
    codes = [{record.code for record in unpack(packed)} for packed in table["warnings"]]
    said = [line for line in capsys.readouterr().err.splitlines() if "geometry.parquet: " in line]
    counts = sorted(Counter(code for found in codes for code in found).values(), reverse=True)
    assert [line.split(": ")[2] for line in said] == [
        f"{count} of {len(table)} values" for count in counts
    ]
    texts = {record.text for packed in table["warnings"] for record in unpack(packed)}
    assert counts and all(line.split(": ", 3)[3] in texts for line in said)


def test_the_files_of_a_zarr_are_among_the_inputs(tmp_path):
    zarr = pytest.importorskip("zarr")
    folder = tmp_path / "rec"
    folder.mkdir()
    zarr.save_array(folder / "V1.zarr", np.random.default_rng(0).standard_normal((24, 30)))
    np.save(folder / "labels.npy", LABELS)
    measure(tmp_path)
    (path,) = (tmp_path / "runs").rglob("activations/*.npz")
    _, origin = read_arrays(path)
    assert {*origin["inputs"]} == {str(file) for file in folder.rglob("*") if file.is_file()}
