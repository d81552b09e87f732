"""draw_figure.py: files in, files out."""

import json
import xml.etree.ElementTree

import draw_figure
import pytest
from geomem.errors import DamagedFileError, InputError
from geomem.registry.figures import FIGURES
from geomem.storage.arrays import write_arrays
from geomem.storage.tables import write_table
from PIL import Image

from tests.figures import synthetic
from tests.figures.drawing import OF_TABLES, tables


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    runs = synthetic.cells(n_seeds=2)
    layers = synthetic.SMALL[-2:]
    written = {
        **tables(runs, layers),
        "labels": synthetic.label_table(),
        "examples": synthetic.examples_table(runs, layers),
    }
    for name, frame in written.items():
        write_table(folder / f"{name}.parquet", frame, {})
    write_arrays(folder / "images.npz", synthetic.image_set(), {})
    return {
        **{name: str(folder / f"{name}.parquet") for name in written},
        "images": str(folder / "images.npz"),
    }


def arguments(files, figure, **paths):
    given = [f"{name}={files[name]}" for name in FIGURES[figure].inputs]
    out = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
    return ["--figure", FIGURES[figure].function, "--inputs", *given, *out]


@pytest.mark.parametrize("figure", ["samples", *OF_TABLES])
def test_svg_is_the_same_when_drawn_again(files, tmp_path, figure):
    first, second = tmp_path / "1.svg", tmp_path / "2.svg"
    draw_figure.main(arguments(files, figure, svg=first))
    draw_figure.main(arguments(files, figure, svg=second))
    assert first.read_bytes() == second.read_bytes()
    assert xml.etree.ElementTree.parse(first).getroot().tag.endswith("svg")


def test_png_carries_its_provenance(files, tmp_path):
    png = tmp_path / "depth.png"
    spec = {"per_class": 50, "noise": 0.5}
    draw_figure.main([*arguments(files, "depth", png=png), "--spec", json.dumps(spec)])
    with Image.open(png) as image:
        assert image.size[0] == int(7.2 * 250)
        provenance = json.loads(image.text["provenance"])
    assert provenance["stage"] == "draw_figure"
    assert provenance["spec"] == {"figure": FIGURES["depth"].function, **spec}
    assert list(provenance["inputs"]) == [files["geometry"], files["accuracy"]]


def test_command_names_what_is_missing(files, tmp_path):
    svg = tmp_path / "x.svg"
    with pytest.raises(InputError, match=r"figures\.pie:draw' cannot be imported"):
        draw_figure.main(["--figure", "pie", "--svg", str(svg)])
    with pytest.raises(InputError, match="--inputs: rewind is not given, and 'rewind'"):
        draw_figure.main(["--figure", "rewind", "--svg", str(svg)])
    with pytest.raises(InputError, match="--png, --svg: neither is given"):
        draw_figure.main(arguments(files, "depth"))
    with pytest.raises(DamagedFileError, match="does not exist"):
        draw_figure.main(arguments({**files, "geometry": "no.parquet"}, "epochs", svg=svg))
    assert not svg.exists()
