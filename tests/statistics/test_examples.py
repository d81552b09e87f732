"""The worked examples run, and find what was put into their made-up data."""

import runpy
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def run(name):
    return runpy.run_path(str(EXAMPLES / name))["main"]()


def test_two_layers(capsys):
    found = run("two_layers.py")
    assert found["classes"].lo > 0 and found["images"].lo > 0
    assert found["holm"][0] > 0.05 > found["holm"][-1]  # layer 2 is like layer 1, layer 6 is not
    assert "with Holm's correction" in capsys.readouterr().out


def test_two_groups(capsys):
    found = run("two_groups.py")
    assert found["other"].hi < 0
    assert found["other"].hi - found["other"].lo > found["these"].hi - found["these"].lo
    assert found["other"].p_permutation == 2 / 70  # 4 of 8
    assert 0 < found["accuracy"][0] < found["accuracy"][1] < 1
    assert "by exchanging networks" in capsys.readouterr().out


def test_six_subjects(capsys):
    found = run("six_subjects.py")
    assert found["capacity"].lo > 0
    assert found["capacity"].p_permutation == 2 / 64  # every subject's capacity rises
    assert "neurons from each subject" in capsys.readouterr().out
