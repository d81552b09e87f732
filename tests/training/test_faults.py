"""Faults that really happen to long trainings: kills, full disks, damaged files.

Each training here runs in a process of its own, saves a state after every step and must end with
the same bits as one that nothing happened to.
"""

import os
import signal
import subprocess
import time
from random import Random

import pytest

from tests.training.problems import (
    STEPS,
    differing,
    kill_at,
    log_of,
    spec_of,
    start,
    steps_saved,
    training_of,
)

pytestmark = pytest.mark.slow

NETWORKS = {
    "vgg-small": spec_of(epochs=20, dropout=0.2),
    "resnet18": spec_of("resnet18", width=8, epochs=12, optimizer={"name": "adam", "lr": 0.002}),
    "alexnet": spec_of("alexnet", epochs=20, augmentation={"crop": 2, "flip": True}),
}
KEPT = (1, 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Each network's training that nothing happened to."""
    found = {}
    for name, spec in NETWORKS.items():
        found[name] = training_of(spec, tmp_path_factory.mktemp(name))
        process = start(spec, found[name].store.folder.parent, keep=KEPT)
        process.join()
        assert process.exitcode == 0
    return found


def finish_and_compare(name, place, whole):
    """Let the training run to its end; compare the states of every kept epoch."""
    spec = NETWORKS[name]
    process = start(spec, place, keep=KEPT)
    process.join()
    assert process.exitcode == 0
    training, expected = training_of(spec, place), whole[name]
    for epoch in (0, *KEPT, spec["training"]["epochs"]):
        assert differing(training.store.at(epoch), expected.store.at(epoch)) == []
    assert not list(place.rglob("*.tmp"))


@pytest.mark.parametrize(("name", "kills"), [("vgg-small", 7), ("resnet18", 6), ("alexnet", 6)])
def test_killed_at_random_moments(name, kills, whole, tmp_path):
    """Each time some steps after where the training was left, and up to 10 ms after that."""
    random = Random(name)
    for _ in range(kills):
        moment = steps_saved(tmp_path) + random.randint(1, 4)
        process = start(NETWORKS[name], tmp_path, keep=KEPT)
        kill_at(process, tmp_path, moment, delay=random.uniform(0, 0.01))
        assert process.exitcode == -signal.SIGKILL
        assert steps_saved(tmp_path) >= moment
    finish_and_compare(name, tmp_path, whole)


@pytest.mark.parametrize("write", [1, 2, 9])
def test_killed_while_a_state_is_being_written(write, whole, tmp_path):
    process = start(NETWORKS["vgg-small"], tmp_path, keep=KEPT, die_in_write=write)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (leftover,) = tmp_path.rglob("*.tmp")
    assert leftover.stat().st_size > 0
    finish_and_compare("vgg-small", tmp_path, whole)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_preempted(number, whole, tmp_path):
    name, statuses = "vgg-small", []
    for _ in range(3):
        process = start(NETWORKS[name], tmp_path, keep=KEPT)
        deadline = time.monotonic() + 30
        written = len(list(tmp_path.rglob("*.safetensors")))
        while len(list(tmp_path.rglob("*.safetensors"))) <= written and process.is_alive():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(process.pid, number)
        process.join()
        statuses.append(process.exitcode)
    assert 75 in statuses
    assert set(statuses) <= {75, 0}
    finish_and_compare(name, tmp_path, whole)


def state_size(whole):
    """Bytes of a state of vgg-small."""
    return (whole["vgg-small"].store.folder / "epoch-000002.safetensors").stat().st_size


def test_no_file_may_grow_past_a_limit(whole, tmp_path):
    limit = state_size(whole) * 3 // 4  # the initialization, without momentum, fits
    process = start(NETWORKS["vgg-small"], tmp_path, keep=KEPT, largest_file=limit)
    process.join()
    assert process.exitcode == 1
    assert not list(tmp_path.rglob("*.tmp"))
    finish_and_compare("vgg-small", tmp_path, whole)


def test_full_disk(whole, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={4 * state_size(whole)}", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        process = start(NETWORKS["vgg-small"], disk, keep=KEPT)
        process.join()
        assert process.exitcode == 1
        assert "No space left on device" in log_of(disk).read_text()
        assert list(disk.rglob("*.safetensors"))  # the states before it filled up are whole
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        finish_and_compare("vgg-small", disk, whole)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("damage", ["truncated", "bit-flipped"])
def test_every_damaged_state_is_named_and_made_again(damage, whole, tmp_path):
    name = "vgg-small"
    kill_at(start(NETWORKS[name], tmp_path, keep=KEPT), tmp_path, 3 * STEPS + 2)
    states = sorted(tmp_path.rglob("*.safetensors"), key=lambda path: path.stat().st_mtime_ns)
    assert len(states) > 2
    damaged = states[-2:]  # the two newest: training must go on from one before them
    for path in damaged:
        content = bytearray(path.read_bytes())
        if damage == "truncated":
            del content[len(content) // 2 :]
        else:
            content[len(content) // 2] ^= 1
        path.write_bytes(content)
    finish_and_compare(name, tmp_path, whole)
    said = log_of(tmp_path).read_text()
    for path in damaged:
        assert f"{path} is damaged" in said


def test_a_damaged_snapshot_state_is_retrained(whole, tmp_path):
    name = "vgg-small"
    finish_and_compare(name, tmp_path, whole)
    training = training_of(NETWORKS[name], tmp_path)
    path = training.store.folder / "epoch-000002.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    process = start(NETWORKS[name], tmp_path, snapshot=2)
    process.join()
    assert process.exitcode == 0
    assert f"{path} is damaged" in log_of(tmp_path).read_text()
    assert differing(training.store.at(2), whole[name].store.at(2)) == []
