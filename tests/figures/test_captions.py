"""Captions of the report, as Snakemake makes them: no text that docutils complains of."""

from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from docutils.core import publish_parts
from geomem.registry.figures import FIGURES
from snakemake.iocontainers import InputFiles

# docutils announces a change of its interface, which is Snakemake's to follow.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
PLACE = Path(__file__).resolve().parents[2] / "rules" / "report"


def html(name, **about):
    template = jinja2.Template((PLACE / name).read_text())
    text = template.render(snakemake=SimpleNamespace(**about))
    return publish_parts(text, writer_name="html", settings_overrides={"halt_level": 2})["body"]


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("style", [[], ["mine.mplstyle"]])
def test_a_figures_caption_names_what_it_is_drawn_from(figure, style):
    inputs = {name: f"results/tiny/tables/{name}.parquet" for name in FIGURES[figure].inputs}
    body = html(
        "figure.rst",
        params=SimpleNamespace(caption=FIGURES[figure].caption),
        input=InputFiles(fromdict={**inputs, "style": InputFiles(style)}),
        output=SimpleNamespace(svg="results/tiny/figures/depth.svg"),
    )
    for path in (*inputs.values(), *style):
        assert f">{path}</" in body


@pytest.mark.parametrize("name", ["claims", "explorer", "landing", "provenance"])
def test_a_pages_caption(name):
    assert "<p>" in html(f"{name}.rst", wildcards=SimpleNamespace(experiment="tiny"))
