"""Compiled code on disk: damaged files are compiled again, and a place to keep them is no need."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from geomem.geometry import compiled
from geomem.places import IMPORTED_FROM

PROGRAM = """
from geomem.geometry.compiled import njit

@njit("int64(int64)")
def twice(x):
    return 2 * x

@njit()
def thrice(x):
    return 3 * x

print(twice(21), thrice(14), sum(twice.stats.cache_hits.values()))
"""


def run(folder, **environment):
    """Output and errors of the program in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(folder / "program.py")],
        env={**os.environ, "PYTHONPATH": str(IMPORTED_FROM), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split(), done.stderr


@pytest.fixture
def cached(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    places = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(tmp_path, **places) == (["42", "42", "0"], "")
    assert run(tmp_path, **places) == (["42", "42", "1"], "")
    files = sorted((tmp_path / "cache").rglob("*.nb?"))
    assert {file.suffix for file in files} == {".nbi", ".nbc"}
    return tmp_path, places, files


def cut(content):
    return content[: len(content) // 2]


def flip(content):
    place = int(np.random.default_rng(0).integers(100, len(content)))
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("spoil", [cut, flip, lambda content: b"", lambda content: b"x" * 64])
def test_damaged_files_are_compiled_again(cached, suffix, spoil):
    folder, places, files = cached
    for file in files:
        if file.suffix == suffix:
            file.write_bytes(spoil(file.read_bytes()))
    assert run(folder, **places) == (["42", "42", "0"], "")
    assert run(folder, **places) == (["42", "42", "1"], "")


def test_no_place_for_the_files(cached):
    folder, places, _ = cached
    (folder / "file").write_text("")
    program = folder / "program.py"
    program.write_text("import numba.core.caching as c\n"
                       "c.CacheImpl._locator_classes = []\n" + PROGRAM)  # fmt: skip
    output, errors = run(folder, **places)
    assert output == ["42", "42", "0"]
    assert errors.count("warning: compiled code cannot be kept") == 1
    assert "NUMBA_CACHE_DIR" in errors


def test_a_full_disk(cached):
    folder, places, files = cached
    for file in files:
        file.unlink()
        file.mkdir()  # writing there fails, whoever writes
    output, errors = run(folder, **places)
    assert output == ["42", "42", "0"]
    assert errors.startswith("warning: compiled code cannot be kept in")


def test_without_the_compiler(cached):
    folder, _, _ = cached
    program = folder / "program.py"
    program.write_text(PROGRAM.partition("print")[0] + "print(twice(21), thrice(14))")
    assert run(folder, NUMBA_DISABLE_JIT="1")[0] == ["42", "42"]


def test_functions_of_others_keep_numbas_level():
    before = numba.config.OPT
    with pytest.raises(KeyError), compiled._level_of_optimization():
        assert numba.config.OPT == compiled.LEVEL != before
        raise KeyError
    assert before == numba.config.OPT
