"""What can go wrong around Snakemake itself, on one machine."""

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest

from tests.workflow.compare import assert_same_results
from tests.workflow.conftest import make_workspace, tiny_config
from tests.workflow.waiting import until, waiting_workspace

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def started(workspace):
    """Snakemake, which is killed with its jobs at the end."""
    running = workspace.start()
    try:
        yield running
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def status(workspace):
    said = workspace.geomem("status")
    assert said.returncode == 0, said.stderr
    return said.stdout


def test_two_controllers_status_and_a_crash(tmp_path):
    """One story: a run, a second one beside it, the first one killed with its jobs, a third one."""
    workspace = waiting_workspace(tmp_path / "killed")
    hold = workspace.path / "hold"
    hold.touch()
    logs = [workspace.training_log(f"w2_n0.5_s{seed}") for seed in (0, 1, 2)]
    with started(workspace) as first:
        until(lambda: sum("epoch " in log.read_text() for log in logs if log.exists()) == 2)

        said = status(workspace)
        assert "A run is going on." in said
        assert said.count("running: train of training waiting.network_w2_n0.5_s") == 2
        assert re.search(r"epoch \d+/100: loss .* left", said)

        second = workspace.snakemake(check=False)
        text = second.stdout + second.stderr
        assert second.returncode == 1
        assert f"results is in use by another run (process {first.pid} on " in text
        assert "Traceback" not in text
        assert first.poll() is None, "the first run goes on"

    said = status(workspace)
    assert "No run is going on." in said
    assert said.count("interrupted: train of training waiting.network_w2_n0.5_s") == 2
    assert "failed" not in said
    assert "missing" in said

    hold.unlink()
    workspace.snakemake()  # the same command, nothing to unlock
    assert "done" in status(workspace) and "failed" not in status(workspace)
    assert sum("going on after" in log.read_text() for log in logs) == 2
    undisturbed = waiting_workspace(tmp_path / "undisturbed")
    undisturbed.snakemake()
    assert_same_results(workspace.path / "results", undisturbed.path / "results")


def test_results_that_cannot_be_written(tmp_path):
    """Refused before any job, with one clear message."""
    workspace = make_workspace(tmp_path / "place")
    target = tmp_path / "elsewhere"
    (workspace.path / "results").symlink_to("/proc/sys/kernel")  # not even root may write there
    said = workspace.snakemake(check=False)
    text = said.stdout + said.stderr
    assert said.returncode == 1
    assert "results: cannot write there" in text and "make it writable" in text
    assert "Traceback" not in text

    (workspace.path / "results").unlink()
    target.mkdir()
    (workspace.path / "results").symlink_to(target)
    images = workspace.data() / "images.npz"
    workspace.snakemake(images)
    assert (target / images.relative_to(workspace.path / "results")).is_file()


def test_a_clock_that_jumps_back(tmp_path, finished):
    """Results from the future are refused; touched, as the message says, they count."""
    workspace = make_workspace(tmp_path / "place")
    assert workspace.config == tiny_config() == finished.config
    labels = workspace.data() / "labels/permute_n0.5_s0.parquet"
    workspace.snakemake(labels)
    tomorrow = time.time() + 86400
    for path in (workspace.path / "results").rglob("*.*"):
        os.utime(path, (tomorrow, tomorrow))
    said = workspace.snakemake(check=False)
    text = said.stdout + said.stderr
    assert said.returncode == 1 and "Traceback" not in text
    assert "newer than now" in text and "clock went back" in text
    command = text.split("count again: ")[1].splitlines()[0]
    subprocess.run(command, shell=True, check=True, cwd=workspace.path)
    touched = labels.stat().st_mtime_ns
    workspace.snakemake()
    assert labels.stat().st_mtime_ns == touched, "what was there counts"
    assert workspace.pending() == set()
    assert_same_results(workspace.path / "results", finished.path / "results")
