"""Which GPUs a machine has, and who gets which: with made-up ones, which needs no GPU."""

import os
import subprocess
import sys

import pytest
from geomem.places import IMPORTED_FROM
from geomem.training.gpus import local_gpus

CLAIM = """
import os, sys
from geomem.training.gpus import claim
claim(sys.argv[1])
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with as many GPUs as it is called with."""
    for name in ("GEOMEM_DEVICE", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def build(count, status=0):
        lines = [f"GPU {n}: Made up (UUID: GPU-{n})\\n  MIG 1g.5gb" for n in range(count)]
        listed = "\n".join(f"echo '{line}'" for line in lines)
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{listed}\nexit {status}\n")
        program.chmod(0o755)

    return build


def test_gpus_of_a_machine(machine, monkeypatch):
    machine(3)
    assert local_gpus() == ["0", "1", "2"]
    machine(3, status=9)  # the driver is not loaded
    assert local_gpus() == []
    machine(3)
    for visible, expected in (("2,0", ["2", "0"]), ("", []), ("-1", []), ("1,-1,2", ["1"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert local_gpus() == expected
    for device, expected in (("cpu", []), ("cuda:1", ["1"]), ("cuda", ["1"])):
        monkeypatch.setenv("GEOMEM_DEVICE", device)
        assert local_gpus() == expected


def test_a_machine_without_gpus(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert local_gpus() == []


class Claims:
    """Processes that claim a GPU and keep it until they are ended."""

    def __init__(self, folder):
        self._folder, self._running = folder, []

    def one(self, visible="0,GPU-b", **more):
        environment = {"PYTHONPATH": str(IMPORTED_FROM), "CUDA_VISIBLE_DEVICES": visible, **more}
        process = subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(self._folder)],
            env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        self._running.append(process)
        return process, process.stdout.readline().strip()

    def end(self):
        for process in self._running:
            process.kill()
            process.communicate()


@pytest.fixture
def claims(tmp_path):
    found = Claims(tmp_path / "locks")
    yield found
    found.end()


def test_each_process_gets_a_gpu_of_its_own_until_it_ends(claims):
    (first, one), (_, other) = claims.one(), claims.one()
    assert (one, other) == ("0", "GPU-b")
    crowded, shared = claims.one()
    assert shared in ("0", "GPU-b")
    crowded.kill()
    assert f"GPU {shared} is shared" in crowded.communicate()[1]
    first.kill()
    first.communicate()
    assert claims.one()[1] == "0", "what a killed process held is free"


def test_with_one_gpu_or_a_device_by_name_there_is_nothing_to_choose(claims):
    assert claims.one("3")[1] == claims.one("3")[1] == "3"
    assert claims.one("0,1", GEOMEM_DEVICE="cuda:1")[1] == "0,1"
