"""Pages that are only read: their provenance, their text."""

import json

import pytest
from geomem.errors import DamagedFileError
from geomem.pages.plain import document, table
from geomem.pages.provenance_page import page
from geomem.planning.usage import Usage
from geomem.storage.cli import provenance_of
from geomem.storage.pages import page_provenance, write_page

EVIL = "</pre><script>alert(1)</script>--><!-- & -->"


def test_a_page_carries_its_provenance(tmp_path):
    origin = {"stage": "made up", "inputs": {EVIL: "0" * 64}, "spec": {"lr": -5e-05, "note": EVIL}}
    path = tmp_path / "page.html"
    write_page(path, document(EVIL, ["<p>ä</p>"]), origin)
    assert page_provenance(path) == origin
    assert provenance_of(path) == origin
    text = path.read_text()
    assert "<script" not in text
    assert text.count("-->") == 1, "the comment ends where it should"


@pytest.mark.parametrize("position", [0, 30, -90, -20, -1])
def test_a_changed_page_is_caught(tmp_path, position):
    path = tmp_path / "page.html"
    write_page(path, document("title", []), {"stage": "made up"})
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"page\.html"):
        page_provenance(path)


def test_the_page_of_provenance_tells_settings_versions_runs_times_and_files():
    origin = {
        "stage": "train", "geomem": "0", "python": "3.11", "packages": {"numpy": "9.9"},
        "inputs": {f"results/{EVIL}": "ab" * 32},
    }  # fmt: skip
    record = {
        "status": "finished", "device": "cpu", "precision": "float32", "epochs": 30,
        "best_epoch": 7, "parameters": 12345,
    }  # fmt: skip
    runs = [(record, origin), (record | {"best_epoch": 9}, origin)]
    usage = [Usage("train", 100, 112.5, 5e8), Usage("train", 110, 112.5, 6e8)]
    text = page("made-up", {"widths": [8], "note": EVIL}, origin, runs, usage, "2026-01-01")
    assert "<script" not in text
    for part in (
        "widths: [8]",
        "numpy 9.9",
        "12,345",
        "7 to 9",
        "15.0",
        "12.5",
        "600",
        "ab" * 32,
        "2026-01-01",
    ):
        assert part in text, part
    assert "not there any more" in page("made-up", {}, origin, runs, [], "")


def test_cells_of_a_table_are_escaped():
    text = table(["a"], [[EVIL], [json.dumps(EVIL)]])
    assert "<script" not in text and text.count("<td>") == 2
