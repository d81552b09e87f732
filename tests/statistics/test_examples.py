"""The worked examples run, find what was put into their made-up data, and print what pages say."""

import runpy
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def run(name, capsys):
    """What the example returns; its lines are those of the page."""
    found = runpy.run_path(str(DOCS / "examples" / name))["main"]()
    page = (DOCS / "statistics.md").read_text(encoding="utf-8")
    assert f"```text\n{capsys.readouterr().out}```" in page
    return found


def test_two_layers(capsys):
    found = run("two_layers.py", capsys)
    assert found["classes"].lo > 0 and found["images"].lo > 0
    assert found["holm"][0] > 0.05 > found["holm"][-1]  # layer 2 is like layer 1, layer 6 is not


def test_two_groups(capsys):
    found = run("two_groups.py", capsys)
    assert found["other"].hi < 0
    assert found["other"].hi - found["other"].lo > found["these"].hi - found["these"].lo
    assert found["other"].p_permutation == 2 / 70  # 4 of 8
    assert 0 < found["accuracy"][0] < found["accuracy"][1] < 1


def test_six_subjects(capsys):
    found = run("six_subjects.py", capsys)
    assert found["capacity"].lo > 0
    assert found["capacity"].p_permutation == 2 / 64  # every subject's capacity rises
