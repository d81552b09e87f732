"""The conda environments hold the versions of the lock."""

import re
from pathlib import Path

import pytest
import yaml

ENVS = Path(__file__).resolve().parents[2] / "envs"
LOCK = (ENVS / "requirements.txt").read_text()
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}


@pytest.mark.parametrize("path", sorted(ENVS.glob("*.yaml")), ids=lambda path: path.name)
def test_versions_are_the_locks(path):
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    packages = [entry for entry in dependencies if not entry.startswith("python=")]
    assert packages
    for entry in packages:
        name, version = entry.split("=")
        pinned = re.findall(rf"^{CONDA_NAMES.get(name, name)}==([^ ;\\]+)", LOCK, re.MULTILINE)
        assert version in pinned, f"{name}: {version} here, {pinned} in the lock"


def test_the_lock_names_hashes_and_no_index():
    assert LOCK.count("--hash=sha256:") > 100
    assert "://" not in LOCK and "index" not in LOCK
