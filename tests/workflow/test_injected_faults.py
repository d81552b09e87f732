"""Faults injected at random into the tiny workflow: what is done again ends in the same files.

Interruptions of Snakemake and of its jobs by every signal, damaged intermediate files, full disks.
The seed is fixed; GEOMEM_FAULTS_SEED=N tries others.
"""

import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from geomem.planning.dry_run import read_jobs

from tests.workflow.compare import assert_same_results
from tests.workflow.conftest import Workspace, make_workspace
from tests.workflow.waiting import until

pytestmark = pytest.mark.slow
SEED = int(os.environ.get("GEOMEM_FAULTS_SEED", "0"))
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
# Note their inputs' checksums; take states from elsewhere; come after their inputs.
UNREAD = ("provenance", "snapshot", "landing")
INTERRUPTIONS, DAMAGES, DISKS = 16, 16, 3


@pytest.fixture(scope="module")
def undisturbed(finished):
    return finished.path / "results"


def test_interruptions(tmp_path, undisturbed):
    """Signals to Snakemake, to it with its jobs, or to one job, until so many were sent."""
    chance = random.Random(SEED)
    sent, workspace, told = 0, None, []
    while sent < INTERRUPTIONS:
        if workspace is None:
            workspace = make_workspace(tmp_path / str(sent))
        whom, what = chance.choice(("snakemake", "all", "job")), chance.choice(SIGNALS)
        running = workspace.start()
        time.sleep(chance.uniform(1.5, 9))
        if running.poll() is None and interrupt(workspace, running, whom, what, chance):
            sent += 1
            told.append(f"{what.name} to {whom}")
        running.wait(120)
        if workspace.pending() == set():
            assert_same_results(workspace.path / "results", undisturbed)
            workspace = None
    if workspace is not None:
        # Of a killed run: the next one is refused beside them.
        until(lambda: not jobs_in(workspace))
        workspace.snakemake()  # the same command goes on
        assert workspace.pending() == set()
        assert_same_results(workspace.path / "results", undisturbed)
        assert not list((workspace.path / "results").rglob("*.tmp"))
    assert {"snakemake", "all", "job"} == {words.split()[-1] for words in told}, told


def interrupt(workspace, running, whom, what, chance):
    """Send the signal; whether there was anybody to send it to."""
    if whom == "snakemake":
        running.send_signal(what)
    elif whom == "all":
        os.killpg(running.pid, what)
    else:
        jobs = jobs_in(workspace)
        if not jobs:
            return False
        try:
            os.kill(chance.choice(jobs), what)
        except ProcessLookupError:
            return False
    return True


def jobs_in(workspace):
    """Processes of geomem's commands in a workspace."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            here = Path(os.readlink(process / "cwd")) == workspace.path
        except OSError:
            continue
        if here and any(word.startswith(b"scripts/") for word in words[1:2]):
            found.append(int(process.name))
    return sorted(found)


def test_damaged_files(tmp_path, finished, undisturbed):
    """Each damaged file is named by who reads it, with the command that rebuilds it, which does."""
    chance = random.Random(SEED)
    # Time stamps are kept, and so are Snakemake's notes: nothing is pending.
    workspace = Workspace(tmp_path / "place")
    shutil.copytree(finished.path, workspace.path)
    assert workspace.pending() == set()
    jobs = read_jobs(dry_run(workspace, "--forceall"))
    readers = {}
    for job in jobs:
        if job.rule not in UNREAD:
            for path in job.inputs:
                if path.startswith("results/"):
                    readers.setdefault(path, []).append(job)
    for path in chance.sample(sorted(readers), DAMAGES):
        reader = chance.choice(readers[path])
        damage(workspace.path / path, chance)
        said = workspace.snakemake("--force", reader.outputs[0], check=False)
        text = said.stdout + said.stderr
        assert said.returncode == 1, f"{reader.rule} did not notice that {path} is damaged\n{text}"
        assert "Traceback" not in text
        found = re.search(r"error: (\S+) is damaged \(.*\); rebuild it with: (.*?) [(]and", text)
        assert found and found.group(1) == path, text
        rebuilt = workspace.snakemake(*shlex.split(found.group(2))[1:], check=False)
        assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
        workspace.snakemake()
        assert workspace.pending() == set()
        assert_same_results(workspace.path / "results", undisturbed)


def dry_run(workspace, *arguments):
    said = workspace.snakemake("--dry-run", *arguments)
    return said.stdout + said.stderr


def damage(path, chance):
    """Flip a bit or cut off the end, keeping the time stamps as a failing disk does."""
    times = path.stat()
    content = bytearray(path.read_bytes())
    if chance.random() < 0.3:
        del content[chance.randrange(len(content)) :]
    else:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_full_disks(tmp_path, undisturbed):
    """Results on a file system that fills up somewhere on the way, then has room."""
    chance = random.Random(SEED)
    needed = sum(path.stat().st_size for path in undisturbed.rglob("*") if path.is_file())
    for number in range(DISKS):
        workspace = make_workspace(tmp_path / str(number))
        disk = workspace.path / "results"
        disk.mkdir()
        size = int(needed * chance.uniform(0.05, 0.8))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("this user may not mount a small file system")
        try:
            said = workspace.snakemake(check=False)
            assert said.returncode == 1
            assert "No space left on device" in said.stdout + said.stderr
            subprocess.run(["mount", "-o", f"remount,size={4 * needed}", str(disk)], check=True)
            workspace.snakemake()
            assert workspace.pending() == set()
            assert_same_results(disk, undisturbed)
            assert not list(disk.rglob("*.tmp"))
        finally:
            subprocess.run(["umount", str(disk)], check=True)
