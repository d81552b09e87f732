"""Result files: whole or absent, and any alteration found on reading."""

import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from geomem.errors import DamagedFileError, InputError
from geomem.storage.arrays import read_arrays, write_arrays
from geomem.storage.atomic import replacing
from geomem.storage.cli import provenance_of
from geomem.storage.pages import page_provenance, write_page
from geomem.storage.provenance import provenance
from geomem.storage.tables import (
    read_columns,
    read_document,
    read_table,
    write_document,
    write_table,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ORIGIN = {"stage": "test", "seed": 3}
FRAME = pd.DataFrame({"layer": ["a", "b"] * 50, "value": np.linspace(0, 1, 100)})
ARRAYS = {"x": np.arange(1000.0), "names": np.array(["a", "é"])}


def write_each(folder):
    """One file of each kind; (path, reader) pairs."""
    write_arrays(folder / "a.npz", ARRAYS, ORIGIN)
    write_table(folder / "t.parquet", FRAME, ORIGIN)
    write_document(folder / "d.json", {"best_epoch": 14}, ORIGIN)
    write_page(folder / "p.html", "<html>é</html>\n", ORIGIN)
    return [
        (folder / "a.npz", read_arrays),
        (folder / "t.parquet", read_table),
        (folder / "d.json", read_document),
        (folder / "p.html", page_provenance),
    ]


def test_round_trip_and_provenance(tmp_path):
    (arrays, _), (table, _), (document, _), (page, _) = write_each(tmp_path)
    read, origin = read_arrays(arrays)
    assert origin == ORIGIN
    assert read.keys() == ARRAYS.keys()
    assert all(np.array_equal(read[name], ARRAYS[name]) for name in ARRAYS)
    pd.testing.assert_frame_equal(read_table(table), FRAME)
    assert read_document(document) == {"best_epoch": 14}
    assert all(provenance_of(path) == ORIGIN for path in (arrays, table, document, page))
    assert list(read_arrays(arrays, ["x"])[0]) == ["x"]


def test_columns_are_written_as_a_frame_of_them(tmp_path):
    given = {
        "count": [1, 2, 3],
        "counts": np.array([5, 6, 7]),
        "value": [0.5, np.nan, -np.inf],
        "name": np.array(["a", "é", ""], dtype=object),
        "bits": [b"\x00\xff", b"", b"x"],
        "right": [True, False, True],
    }
    write_table(tmp_path / "columns.parquet", given, ORIGIN)
    pd.testing.assert_frame_equal(read_table(tmp_path / "columns.parquet"), pd.DataFrame(given))
    write_table(tmp_path / "empty.parquet", {"count": [], "name": []}, ORIGIN)
    assert list(read_table(tmp_path / "empty.parquet")) == ["count", "name"]


def test_columns_are_those_of_the_table_and_need_no_pandas(tmp_path):
    frame = pd.DataFrame(
        {
            "count": np.arange(5),
            "value": [0.5, -np.inf, 1e300, 0.0, 2.0],
            "gap": [1.0, np.nan, 2.0, 3.0, 4.0],
            "name": ["a", "b", "é", "", None],
            "right": [True, False, True, True, False],
        }
    )
    write_table(tmp_path / "t.parquet", frame, ORIGIN)
    found = read_columns(tmp_path / "t.parquet")
    assert list(found) == list(frame)
    for name in ("count", "value"):
        np.testing.assert_array_equal(found[name], frame[name])
        assert found[name].dtype == frame[name].dtype
    assert found["name"].tolist() == ["a", "b", "é", "", None]
    assert found["right"].tolist() == frame["right"].tolist()
    assert found["gap"].tolist() == [1.0, None, 2.0, 3.0, 4.0]
    write_table(tmp_path / "empty.parquet", frame[:0], ORIGIN)
    assert all(len(values) == 0 for values in read_columns(tmp_path / "empty.parquet").values())
    program = (
        "import sys; from geomem.storage.tables import read_columns, write_table;"
        f" found = read_columns({str(tmp_path / 't.parquet')!r});"
        " del found['gap'], found['name'];"
        f" write_table({str(tmp_path / 'again.parquet')!r}, found, {{}});"
        " sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_writing_again_gives_the_same_bytes(tmp_path, monkeypatch):
    first = [path.read_bytes() for path, _ in write_each(tmp_path)]
    tomorrow = time.time() + 86400
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    assert [path.read_bytes() for path, _ in write_each(tmp_path)] == first


def test_missing_and_foreign_files(tmp_path):
    for name, reader in (
        ("a.npz", read_arrays),
        ("t.parquet", read_table),
        ("d.json", read_document),
    ):
        with pytest.raises(DamagedFileError, match=rf"{name} does not exist.*snakemake"):
            reader(tmp_path / name)
        (tmp_path / name).write_bytes(b"something else entirely")
        with pytest.raises(DamagedFileError, match=rf"{name} is damaged.*snakemake"):
            reader(tmp_path / name)
    with pytest.raises(DamagedFileError, match=r"x\.csv does not exist"):
        provenance_of(tmp_path / "x.csv")
    (tmp_path / "t.csv").touch()
    with pytest.raises(InputError, match=r"Files that do end in .*; t\.parquet beside it do"):
        provenance_of(tmp_path / "t.csv")


@pytest.mark.parametrize("kind", range(4))
def test_truncation_is_found_at_every_length(tmp_path, kind):
    path, reader = write_each(tmp_path)[kind]
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 2, 25).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedFileError):
            reader(path)


@pytest.mark.parametrize("kind", range(4))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(tmp_path, kind, place, bit):
    path, reader = write_each(tmp_path)[kind]
    altered = bytearray(path.read_bytes())
    altered[int(place * len(altered))] ^= 1 << bit
    path.write_bytes(altered)
    for read in (reader, provenance_of):
        with pytest.raises(DamagedFileError):
            read(path)


def test_leftovers_of_a_killed_writer_are_removed_and_others_are_not(tmp_path):
    leftover, other = tmp_path / ".3.npz.abc.tmp", tmp_path / ".30.npz.abc.tmp"
    leftover.touch()
    other.touch()
    with replacing(tmp_path / "3.npz") as temporary:
        temporary.write_bytes(b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, "3.npz"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_provenance_names_inputs_by_digest(tmp_path):
    source = tmp_path / "input"
    source.write_bytes(b"abc")
    origin = provenance("geometry", {"n_t": 3}, [source])
    # SHA-256 of "abc", from the standard's own example.
    assert origin["inputs"][str(source)].startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
    assert origin["spec"] == {"n_t": 3} and origin["packages"]["numpy"] == np.__version__
