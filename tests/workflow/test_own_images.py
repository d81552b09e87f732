"""Images of one's own whose folder and classes bear names that need care, from start to pages."""

import xml.etree.ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow
CLASSES = ("rouge été", "<script>alert(1)<", "a'; touch broken; '", "$(touch broken)")


def test_names_are_names(tmp_path, browser):
    workspace = make_workspace(tmp_path / "a place's")
    images = workspace.path / "my images é"
    rng = np.random.default_rng(0)
    for split, count in (("train", 20), ("test", 6)):
        for name in CLASSES:
            (images / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(256, size=(32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(images / split / name / f"{number} é.png")
    config = workspace.config
    config["experiments"]["tiny"]["data"] = {
        "name": "image-folder", "path": "my images é", "size": None, "train_per_class": None,
    }  # fmt: skip
    workspace.write_config(config)
    workspace.snakemake()
    assert workspace.pending() == set()
    assert not list(tmp_path.rglob("broken"))
    place = workspace.path / "results/tiny"
    drawn = xml.etree.ElementTree.parse(place / "figures/samples.svg").iter()
    assert not any(element.tag.endswith("script") for element in drawn)
    explorer = workspace.path / "results/explorer.html"
    for page in (explorer, place / "provenance.html", place / "claims/claims.html"):
        browser.open(page)
        assert browser.complaints() == [] and browser.requests() == []
