"""The gallery: every figure drawn from made-up tables, with the caption that a run gives it.

The tables are those of the figures' tests: smooth curves with a little noise, shaped like the
paper's. So the pictures are always what the present code draws, and drawing them takes seconds.
"""

import re
from pathlib import Path

from geomem.registry.figures import FIGURES

from tests.figures import synthetic
from tests.figures.drawing import draw, tables

_HEADING = re.compile(r"^## (\w+)$", re.MULTILINE)
_DPI = 150
# What a run would tell a figure, where it is not the same for all.
_SETTINGS = {
    "simulation": {"epochs": ["last"]},
    "depth": {"per_class": 50},
    "glue": {"per_class": 50},
    "change": {"per_class": 50},
}


def with_captions(text):
    """The page docs/gallery.md with pictures and captions put below the headings.

    Raises
    ------
    ValueError
        If a heading names no figure, or a figure has no heading.
    """
    named = _HEADING.findall(text)
    if sorted(named) != sorted(FIGURES):
        raise ValueError(f"the gallery is about {sorted(named)}, the figures are {sorted(FIGURES)}")
    return _HEADING.sub(_shown, text)


def _shown(match):
    name = match.group(1)
    caption = " ".join(FIGURES[name].caption.split())
    return f"""## {name}

![The figure {name}](figures/gallery/{name}.png)

??? note "Its caption in a run"

    {caption}"""


def draw_pictures(folder):
    """Draw every figure into `folder`, as NAME.png."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    one = tables(synthetic.cells(n_seeds=3))
    widths = tables(synthetic.cells((4, 7, 10, 14, 16, 24, 32), (0.2,), 3), ["fc1", "fc2", "fc3"])
    labels = synthetic.label_table()
    pictures = {"images": synthetic.image_set(), "labels": labels}
    one["examples"] = synthetic.examples_table(synthetic.cells(), labels=labels)
    for name in FIGURES:
        source = widths if name == "width" else one | pictures
        figure = draw(name, source, **_SETTINGS.get(name, {}))
        figure.savefig(folder / f"{name}.png", dpi=_DPI)
