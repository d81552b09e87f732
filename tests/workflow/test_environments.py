"""The lock that every environment is made from."""

from pathlib import Path

LOCK = (Path(__file__).resolve().parents[2] / "envs" / "requirements.txt").read_text()


def test_the_lock_names_hashes_and_no_index():
    assert LOCK.count("--hash=sha256:") > 100
    assert "://" not in LOCK and "index" not in LOCK
