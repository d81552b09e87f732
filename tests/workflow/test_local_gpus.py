"""A workstation with more cores than GPUs, made up: as many jobs at once as it has GPUs."""

import os

import pytest

from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow

# Each training notes who trains with it, and stays until it has seen as many as there can be.
NETWORK = """
import atexit, os, time
from pathlib import Path
from torch import nn

def note():
    here = Path("training") / os.environ["CUDA_VISIBLE_DEVICES"] / str(os.getpid())
    here.parent.mkdir(parents=True, exist_ok=True)
    here.touch()
    atexit.register(here.unlink)
    end = time.monotonic() + 60
    seen = set()
    while time.monotonic() < end and len(seen) < 2:
        seen = set(Path("training").glob("*/*"))
        time.sleep(0.05)
    time.sleep(3)  # a third one would come
    with open("seen", "a") as file:
        print(len(set(Path("training").glob("*/*")) | seen), here.parent.name, file=file)

noted = []  # a training builds its network more than once

def network(width, n_classes, image_shape):
    if not noted:
        noted.append(True)
        note()
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, width), nn.Linear(width, n_classes))
"""


def test_sixteen_cores_and_two_gpus(tmp_path):
    workspace = make_workspace(tmp_path / "place")
    (workspace.path / "noting.py").write_text(NETWORK)
    config = workspace.config
    tiny = config["experiments"]["tiny"]
    tiny |= {"seeds": [0, 1, 2, 3], "model": {"name": "noting:network"}}
    tiny["training"] |= {"epochs": 1, "snapshots": []}
    for stage in ("analysis", "rewind", "gradients", "simulation"):
        tiny[stage]["epochs"] = []
    workspace.write_config(config)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU 0: Made up'\necho 'GPU 1: Made up'\n")
    (folder / "nvidia-smi").chmod(0o755)
    machine = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    runs = [workspace.training(f"w2_n0.5_s{seed}") / "training.json" for seed in range(4)]
    workspace.snakemake("--cores", "16", *runs, **machine)
    seen = [line.split() for line in (workspace.path / "seen").read_text().splitlines()]
    assert len(seen) == 4 and max(int(count) for count, _ in seen) == 2
    assert {gpu for _, gpu in seen} == {"0", "1"}
