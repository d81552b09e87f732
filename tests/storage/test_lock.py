"""One run at a time, and results from the future."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from geomem.errors import InputError
from geomem.storage import lock
from geomem.storage.clock import refuse_future
from geomem.storage.lock import hold, is_held
from geomem.training.state import StateStore

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
HOLD = """
import sys, time
from geomem.storage.lock import hold
hold(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_ends_with_its_holder_however_it_ends(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "held\n"
        assert is_held(tmp_path)
        with pytest.raises(InputError, match=rf"in use by another run \(process {other.pid} on "):
            hold(tmp_path)
        other.kill()
    assert not is_held(tmp_path)
    hold(tmp_path)
    lock._held.pop().close()
    assert (tmp_path / ".lock").read_text().startswith(f"process {os.getpid()} on ")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write there"):
        hold(tmp_path / "file" / "results")
    assert not is_held(tmp_path / "nowhere")


def test_files_from_the_future(tmp_path):
    path = tmp_path / "a" / "table.parquet"
    path.parent.mkdir()
    path.write_text("x")
    refuse_future(tmp_path)
    ahead = time.time() + 3600
    os.utime(path, (ahead, ahead))
    with pytest.raises(InputError, match=r"1 files in .* newer than now, .*table\.parquet by 3"):
        refuse_future(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL])
def test_file_systems_without_locks(tmp_path, monkeypatch, capsys, number):
    """Results and training states warn alike, once, and go on."""

    def refuse(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    hold(tmp_path / "results")
    lock._held.pop().close()
    store = StateStore(tmp_path / "states")
    for _ in range(2):
        with store.locked():
            assert (tmp_path / "states" / "lock").exists()
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" is on a file system without locks")[0] for line in said] == [
        f"warning: {tmp_path / 'results'}", f"warning: {tmp_path / 'states'}",
    ]  # fmt: skip


def test_other_faults_of_a_lock_are_faults(tmp_path, monkeypatch):
    def refuse(file, operation):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match="input/output"), StateStore(tmp_path).locked():
        pass
