"""Random folders of images, whole or spoilt: pixels by the rule alone, or an error by name."""

import numpy as np
import pytest
from geomem.data.sources import make_images
from geomem.errors import InputError
from PIL import Image

pytestmark = pytest.mark.slow


def composed(value, alpha):
    part = alpha.astype(float) / 255
    return value * part + 255 * (1 - part)


def drawn(rng):
    """An image in a mode of its own and what the rule makes of it: (H, W) or (H, W, 3)."""
    shape = 6, 7
    grey = rng.integers(0, 256, shape).astype(np.uint8)
    colour = rng.integers(0, 256, (*shape, 3)).astype(np.uint8)
    alpha = rng.choice([0, 90, 255], shape).astype(np.uint8)
    kind = rng.integers(8)
    if kind == 0:
        return Image.fromarray(grey), grey
    if kind == 1:
        return Image.fromarray(grey > 127), 255.0 * (grey > 127)
    if kind == 2:
        pixels = np.dstack([grey, alpha])
        return Image.frombytes("LA", shape[::-1], pixels.tobytes()), composed(grey, alpha)
    if kind == 3:
        return Image.fromarray(colour), colour
    if kind == 4:
        pixels = np.dstack([colour, alpha])
        return Image.fromarray(pixels), composed(colour, alpha[..., None])
    if kind == 5:
        image = Image.fromarray(colour).quantize(9)
        table = np.array(image.getpalette()).reshape(-1, 3)
        return image, table[np.asarray(image)]
    if kind == 6:
        image = Image.fromarray(colour).quantize(9)
        table = np.array(image.getpalette()).reshape(-1, 3)
        hidden = int(rng.integers(9))
        image.info["transparency"] = hidden
        index = np.asarray(image)
        return image, np.where(index[..., None] == hidden, 255, table[index])
    return Image.fromarray(colour).convert("CMYK"), colour


def saved(image, folder, name, rng, turn):
    formats = ["png"] if image.mode in ("LA", "P", "1", "RGBA") else ["png", "tiff"]
    suffix = "tiff" if image.mode == "CMYK" else formats[rng.integers(len(formats))]
    options = {}
    if turn:
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = turn
    path = folder / f"{name}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def turned(pixels, orientation):
    """Upright pixels from those stored, by the words of the EXIF standard."""
    flip = {2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    rows, columns = flip.get(orientation, (0, 0))
    pixels = pixels[::-1] if rows else pixels
    return pixels[:, ::-1] if columns else pixels


@pytest.mark.parametrize("seed", range(80))
@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
def test_whole(tmp_path, seed):
    rng = np.random.default_rng(seed)
    turn = int(rng.integers(0, 9)) if seed % 2 else 0
    expected = {"train": [], "test": []}
    for name in ("a", "b"):
        for split, count in (("train", 2), ("test", 1)):
            for i in range(count):
                image, pixels = drawn(rng)
                saved(image, tmp_path / split / name, i, rng, turn)
                expected[split].append(turned(np.asarray(pixels, float), turn))
    found = make_images({"name": "image-folder", "path": str(tmp_path)})
    colour = any(pixels.ndim == 3 for of in expected.values() for pixels in of)
    assert found.image_shape[0] == (3 if colour else 1)
    for split, images in expected.items():
        for mine, theirs in zip(images, getattr(found, f"{split}_images"), strict=True):
            mine = mine[..., None] if mine.ndim == 2 else mine
            assert np.abs(mine.transpose(2, 0, 1) - theirs.astype(float)).max() <= 2


SPOIL = {
    "cut": lambda content, rng: content[: rng.integers(1, len(content))],
    "empty": lambda content, rng: b"",
    "noise": lambda content, rng: rng.bytes(200),
    "head of noise": lambda content, rng: rng.bytes(8) + content[8:],
    "changed": lambda content, rng: bytes(
        b ^ (int(rng.integers(256)) if rng.random() < 0.02 else 0) for b in content
    ),
}


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tiff", "webp", "bmp"])
@pytest.mark.parametrize("spoil", SPOIL)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_spoilt(tmp_path, suffix, spoil, seed):
    """Either the file is named, or it could be read all the same."""
    rng = np.random.default_rng(seed)
    for split in ("train", "test"):
        for name in ("a", "b"):
            pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            Image.fromarray(pixels).save(folder / f"x.{suffix}")
    path = tmp_path / "train" / "b" / f"x.{suffix}"
    path.write_bytes(SPOIL[spoil](path.read_bytes(), rng))
    try:
        found = make_images({"name": "image-folder", "path": str(tmp_path), "size": 8})
    except InputError as error:
        assert f"x.{suffix}" in str(error)
        return
    assert spoil in ("changed", "cut", "head of noise") and found.image_shape[1:] == (8, 8)
