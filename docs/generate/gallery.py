"""The gallery: below each figure's heading its picture and the caption that a run gives it.

`python -m docs.generate.gallery RESULTS` takes the pictures from the results of gallery.yaml.
"""

import re
import sys
from pathlib import Path

from geomem.registry.figures import FIGURES
from PIL import Image

_HEADING = re.compile(r"^## (\w+)$", re.MULTILINE)


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


PICTURES = Path(__file__).resolve().parents[1] / "figures" / "gallery"
EXPERIMENTS = ("gallery", "gallery-widths")
_WIDTH, _COLOURS = 1400, 64  # enough for lines and text, at a tenth of the size


def take_pictures(results):
    """Keep a small copy of each figure of the first experiment that has it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in FIGURES:
        found = [results / experiment / "figures" / f"{name}.png" for experiment in EXPERIMENTS]
        source = next(path for path in found if path.is_file())
        with Image.open(source) as picture:
            picture = picture.convert("RGB")
            picture.thumbnail((_WIDTH, 4 * _WIDTH))
            picture.quantize(_COLOURS).save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]))
