"""`geomem check` looks at the folders of images that a configuration names."""

import pytest
from geomem.config.cli import main
from geomem.errors import InputError

from tests.config.broken import ROOT

MINE = """
run: [mine]
experiments:
  mine:
    data: {{name: image-folder, path: {path}, size: 32}}
    analysis: {{per_class: {per_class}, controls: []}}
    simulation: {{epochs: [last], classes: {classes}, per_class: 2}}
"""


def study(folder, *, path="images", per_class=3, classes=4):
    """Four classes of 9 training and 6 test images, but one has 8 and 5."""
    for part, count in (("train", 9), ("test", 6)):
        for label in range(4):
            place = folder / "images" / part / f"class {label}"
            place.mkdir(parents=True)
            for number in range(count - (label == 2)):
                (place / f"{number}.png").touch()
            (place / ".hidden").touch()
    overlay = folder / "mine.yaml"
    text = MINE.format(path=folder / path, per_class=per_class, classes=classes)
    overlay.write_text(text)
    return [str(ROOT / "config.yaml"), str(overlay)]


def test_enough_images(tmp_path, capsys):
    assert main(study(tmp_path)) == 0
    assert "mine: 1 network" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "absent"}, r"experiments\.mine\.data\.path: .*absent is no folder"),
        ({"path": "images/train"}, r"data\.path: .*train/train holds no folder of images"),
        ({"per_class": 5}, "5 permuted images per class are wanted, but at noise 0.5 there are 4"),
        ({"per_class": 6}, "6 test images per class are wanted, but image-folder has 5"),
        ({"classes": 5}, "simulation.classes: 5 is more than analysis.classes = 4"),
    ],
)
def test_too_few_images(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        main(study(tmp_path, **settings))


def test_a_file_that_lies_over_another_is_told_so(tmp_path, monkeypatch):
    study(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text((ROOT / "config.yaml").read_text())
    with pytest.raises(InputError, match=r"lies over config\.yaml: geomem check --configfile"):
        main(["mine.yaml"])
