"""`geomem check` looks up the layers that a configuration names."""

import subprocess
import sys

import numpy as np
import pytest
import yaml
from geomem import models
from geomem.config.cli import main
from geomem.errors import InputError
from PIL import Image

from tests.config.broken import ROOT

NETWORK = """
from collections import OrderedDict
from torch import nn

def net(*, width, n_classes, image_shape):
    first = nn.Conv2d({channels}, width, 3)
    parts = {{"first": first, "wide" if width > 8 else "narrow": nn.Conv2d(width, width, 3),
              "pool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten(),
              "last": nn.Linear(width, n_classes)}}
    return nn.Sequential(OrderedDict(parts))

def images():
    raise RuntimeError("no image is loaded")
"""


def study(folder, monkeypatch, *, channels=1, **experiment):
    """Arguments of the command for one experiment, whose own network is named `net`."""
    name = f"net_{folder.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(NETWORK.format(channels=channels))
    text = yaml.safe_dump({"run": ["mine"], "experiments": {"mine": experiment}})
    (folder / "mine.yaml").write_text(text.replace("NET", name))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return [str(ROOT / "config.yaml"), "mine.yaml"]


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        (
            {"model": {"name": "vgg16"}, "analysis": {"layers": ["fc*"]}},
            r"mine\.analysis\.layers: 'fc\*' matches no layer of this network; .*classifier",
        ),
        (
            {"rewind": {"epochs": ["best"], "layers": ["fc1", "fc9"]}},
            r"mine\.rewind\.layers: 'fc9' matches no layer .*All of them: input, conv",
        ),
        (
            {"rewind": {"epochs": ["best"], "sets": {"some": ["pool1"]}}},
            r"rewind\.sets\.some: 'pool1' has no weights to rewind; .* have some are conv1",
        ),
        (
            {"rewind": {"epochs": ["best"], "sets": {"some": ["input"]}}},
            r"rewind\.sets\.some: 'input' has no weights to rewind",
        ),
        (
            {"analysis": {"layers": ["*", "block9/*"]}},
            r"analysis\.layers: 'block9/\*' matches no layer",
        ),
        (
            {"model": {"name": "NET:net"}, "analysis": {"layers": ["first", "fc"]}},
            r"'fc' matches no layer .*All of them: input, first, narrow, pool, last",
        ),
    ],
)
def test_unknown_names(tmp_path, monkeypatch, experiment, message):
    with pytest.raises(InputError, match=message):
        main(study(tmp_path, monkeypatch, **experiment))


def test_every_width_of_ones_own_network_counts(tmp_path, monkeypatch):
    settings = {"model": {"name": "NET:net"}, "analysis": {"layers": ["narrow"]}}
    arguments = study(tmp_path, monkeypatch, widths=[4, 12], **settings)
    with pytest.raises(InputError, match=r"'narrow' matches no layer .*wide"):
        main(arguments)


def test_sound_names_and_each_network_built_once(tmp_path, monkeypatch, capsys):
    built, build = [], models.build_model

    def counted(*arguments, **keywords):
        built.append(arguments)
        return build(*arguments, **keywords)

    monkeypatch.setattr(models, "build_model", counted)
    arguments = study(
        tmp_path, monkeypatch, widths=[8, 4, 16], analysis={"layers": ["conv*", "fc3"]},
        rewind={"epochs": ["best"], "sets": {"deep": ["fc*"]}},
    )  # fmt: skip
    assert main(arguments) == 0
    assert capsys.readouterr().out == "mine: 3 networks\n"
    assert [(spec["name"], width) for spec, width in built] == [("vgg-small", 4)]


def test_grey_photographs(tmp_path, monkeypatch, capsys):
    for part in ("train", "test"):
        for label in "ab":
            place = tmp_path / "images" / part / label
            place.mkdir(parents=True)
            for number in range(8):
                Image.fromarray(np.zeros((16, 16), np.uint8)).save(place / f"{number}.png")
    arguments = study(
        tmp_path, monkeypatch, channels=1, model={"name": "NET:net"},
        data={"name": "image-folder", "path": "images"},
        analysis={"layers": ["last"], "per_class": 4, "controls": []}, simulation={"epochs": []},
    )  # fmt: skip
    assert main(arguments) == 0
    assert capsys.readouterr().out == "mine: 1 network\n"


def test_images_of_unknown_size_that_do_not_fit_are_said(tmp_path, monkeypatch, capsys):
    arguments = study(
        tmp_path, monkeypatch, channels=5, model={"name": "NET:net"}, data={"name": "NET:images"},
        analysis={"layers": ["last"], "classes": 2}, simulation={"epochs": []},
    )  # fmt: skip
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert said.startswith("mine: 1 network\n  names of layers were not looked up: model.name: ")
    assert "(3, 64, 64)" in said


def test_nothing_is_built_where_no_name_can_be_wrong(tmp_path, monkeypatch):
    experiment = {"analysis": {"layers": ["input", "*"]}, "rewind": {"layers": ["*"]}}
    arguments = study(tmp_path, monkeypatch, **experiment)
    program = "import sys; from geomem.config.cli import main; main(sys.argv[1:]);"
    program += "sys.exit('torch' in sys.modules)"
    path = {"PYTHONPATH": str(ROOT / "scripts")}
    ended = subprocess.run([sys.executable, "-c", program, *arguments], env=path)
    assert ended.returncode == 0
