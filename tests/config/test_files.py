"""What tells that a user's file changed."""

import os

import pytest
from geomem.config.folders import _SMALL, file_digest, folder_digest, path_digest


def seen(path):
    for function in (file_digest, folder_digest, path_digest):
        function.cache_clear()
    return path_digest(str(path))


@pytest.mark.parametrize(("size", "by_time"), [(10, False), (2 * _SMALL, True)])
def test_another_file_with_an_old_time_is_another(tmp_path, size, by_time):
    path = tmp_path / "weights.pt"
    path.write_bytes(bytes(size))
    before = seen(path)
    os.utime(path, (1, 1))
    assert (seen(path) != before) == by_time, "a checkout touches small files"
    path.write_bytes(bytes(size - 1) + b"x")
    os.utime(path, (0, 0))
    assert len({before, seen(path)}) == 2
    path.unlink()
    assert seen(path) == "absent"


def test_a_folder_is_what_is_in_it(tmp_path):
    chunk = tmp_path / "V1.zarr" / "c" / "0"
    chunk.parent.mkdir(parents=True)
    chunk.write_bytes(b"1")
    before = seen(tmp_path / "V1.zarr")
    chunk.write_bytes(b"12")
    assert seen(tmp_path / "V1.zarr") != before


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "weights.pt"
    path.write_bytes(bytes(_SMALL + 1))
    monkeypatch.setattr("builtins.open", lambda *_, **__: pytest.fail("a file is opened"))
    assert len(seen(path)) == 12
