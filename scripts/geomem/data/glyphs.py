"""Images drawn on the spot: characters in several type faces, distorted. No download.

Every image depends on (seed, split, class, index) alone, so asking for more images or more classes
leaves the earlier ones as they were.
"""

from functools import cache
from pathlib import Path

import numpy as np

from geomem.data.image_sets import ImageSet
from geomem.data.randomness import generator
from geomem.errors import InputError

# Characters that stay apart under rotation, shear and scaling (so no O with 0, p with P, l with I),
# and that every face below contains.
CHARACTERS = tuple(
    "123456789ABCDEFGHJKLMNOPQRSTUVWXYZabdefghijmnrty"
    "ΓΔΘΛΞΠΣΦΨΩαγδεζλμξπσωБДЖИЦЧШЭЮЯ"
    "&@#$%?!+=§¶€£¥∞∫∂√÷±≠←→↑↓♠♣♥♦☺●○■□∇∀∈~*«≈"
)
FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
)
SIDE = 32  # pixels
SIZES = (8, 16, SIDE)  # pixels, of images made smaller
_SPLITS = {"train": 0, "test": 1}
_DRAWN = 64  # pixels a character is drawn on before it is distorted
_POINTS = 44  # type size on that canvas


def make_glyphs(
    *, classes=98, train_per_class=100, test_per_class=20, size=SIDE, distortion=1, seed=0
):
    """Draw a data set of distorted characters.

    Parameters
    ----------
    classes : int
        Number of characters, the first of `CHARACTERS`.
    train_per_class, test_per_class : int
    size : int
        Side in pixels, one of `SIZES`: smaller images are means over squares of the largest.
    distortion : float
        Between 0 and 1, see `draw_glyph`.
    seed : int

    Returns
    -------
    ImageSet
        Grey images of `size` x `size` pixels, ordered by class.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    for name, value, least, most in (
        ("classes", classes, 2, len(CHARACTERS)),
        ("train_per_class", train_per_class, 1, None),
        ("test_per_class", test_per_class, 1, None),
    ):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            limits = f"at least {least}" if most is None else f"{least} to {most}"
            raise InputError(f"data.{name} is {value!r}; expected a whole number, {limits}")
    if not isinstance(size, int) or size not in SIZES:
        raise InputError(f"data.size is {size!r}; expected one of {', '.join(map(str, SIZES))}")
    number = isinstance(distortion, (int, float)) and not isinstance(distortion, bool)
    if not number or not 0 <= distortion <= 1:
        raise InputError(f"data.distortion is {distortion!r}; expected a number from 0 to 1")

    def split(name, per_class):
        images = [
            draw_glyph(
                character, generator("glyphs", seed, _SPLITS[name], label, index), distortion
            )
            for label, character in enumerate(CHARACTERS[:classes])
            for index in range(per_class)
        ]
        return _smaller(np.stack(images), size)[:, None], np.repeat(np.arange(classes), per_class)

    train_images, train_labels = split("train", train_per_class)
    test_images, test_labels = split("test", test_per_class)
    names = np.array(CHARACTERS[:classes])
    return ImageSet(train_images, train_labels, test_images, test_labels, names)


def _smaller(images, size):
    """Means over squares of (n, SIDE, SIDE) images, rounded, shape (n, size, size)."""
    squares = images.reshape(-1, size, SIDE // size, size, SIDE // size)
    return np.rint(squares.mean(axis=(2, 4))).astype(np.uint8)


def draw_glyph(character, rng, distortion=1):
    """One distorted character.

    Parameters
    ----------
    character : str
    rng : numpy.random.Generator
        Decides face, size, rotation, shear, shift, contrast, stray lines and pixel noise.
    distortion : float
        Factor of size (its logarithm), rotation, shear, shift and of the number of stray lines:
        at 0 characters stand upright in the middle.

    Returns
    -------
    ndarray of uint8, shape (32, 32)
    """
    from PIL import Image, ImageDraw

    ink = Image.fromarray(_character(character, FACES[rng.integers(len(FACES))]))
    ink = ink.transform(
        (SIDE, SIDE),
        Image.Transform.AFFINE,
        _distortion(rng, distortion),
        resample=Image.Resampling.BILINEAR,
    )
    pen = ImageDraw.Draw(ink)
    stray = int(rng.integers(0, 4))
    for number in range(stray):  # all are drawn from rng, for what follows to stay as it is
        ends = rng.uniform(0, SIDE, size=4).tolist()
        look = {"fill": int(rng.integers(60, 200)), "width": int(rng.integers(1, 3))}
        if number < round(distortion * stray):
            pen.line(ends, **look)
    foreground, background = _contrast(rng)
    pixels = background + (foreground - background) * (np.asarray(ink) / 255)
    pixels += rng.normal(0, rng.uniform(5, 25), size=pixels.shape)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


@cache
def _character(character, face):
    """The character, white on black, in the middle of a canvas."""
    from PIL import Image, ImageDraw, ImageFont

    canvas = Image.new("L", (_DRAWN, _DRAWN))
    # The basic layout engine is always there; the other depends on how Pillow was built.
    font = ImageFont.truetype(
        _fonts() / f"{face}.ttf", _POINTS, layout_engine=ImageFont.Layout.BASIC
    )
    left, top, right, bottom = font.getbbox(character)
    corner = ((_DRAWN - left - right) / 2, (_DRAWN - top - bottom) / 2)
    ImageDraw.Draw(canvas).text(corner, character, fill=255, font=font)
    return np.asarray(canvas)


@cache
def _fonts():
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _distortion(rng, factor):
    """The affine map from image to canvas, as the six numbers Pillow wants."""
    angle = np.deg2rad(factor * rng.uniform(-20, 20))
    shear = factor * rng.uniform(-0.25, 0.25)
    # canvas pixels per image pixel
    scale = (_DRAWN / SIDE) / rng.uniform(0.85, 1.25, size=2) ** factor
    shift = factor * rng.uniform(-3, 3, size=2)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.diag(scale) @ np.array([[1, shear], [0, 1]]) @ rotation
    offset = np.full(2, _DRAWN / 2) - matrix @ (np.full(2, SIDE / 2) + shift)
    return (*matrix[0].tolist(), offset[0].item(), *matrix[1].tolist(), offset[1].item())


def _contrast(rng):
    """Grey levels of the character and its ground, either one the darker."""
    middle, difference = rng.uniform(90, 165), rng.uniform(70, 170)
    sign = 1 if rng.random() < 0.5 else -1
    return middle + sign * difference / 2, middle - sign * difference / 2
