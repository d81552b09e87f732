"""The last lines of a run: which headlines are shown."""

import pytest
from geomem.storage.tables import write_document
from geomem.terminal import ending as module
from geomem.terminal.ending import ending
from geomem.terminal.state import State


@pytest.fixture
def last_lines(tmp_path, monkeypatch):
    """What a run with nothing to do says of `old`, which has results, and `new`, which has none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "headlines", lambda document: [("Accuracy", document["said"])])
    write_document(tmp_path / "results/old/headline.json", {"said": "all of it"}, {})
    (tmp_path / "results/index.html").write_text("")

    def said(asked, unfinished=()):
        state = State(nothing=True)
        return ending(state, ["old", "new"], asked, unfinished, 1.0, "").splitlines()

    return said


def test_headlines_that_were_asked_for_are_shown(last_lines):
    lines = last_lines({"old", "new"}, ["new"])
    assert lines[1] == "Nothing to do: every result is there and up to date."
    assert "  Accuracy:      all of it" in lines and "new: not done" in lines
    assert lines[-1] == "Open results/index.html"


def test_others_may_be_of_other_settings(last_lines):
    lines = last_lines(set())
    assert lines[1] == "Nothing to do: every result that was asked for is there and up to date."
    assert lines[3:] == [
        "old: its headline was not asked for",
        "  results/old/headline.json is of an earlier run, perhaps of other settings",
        "",
        "new: its headline was not asked for",
    ]
