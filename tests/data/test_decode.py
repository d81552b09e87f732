"""Every mode that Pillow reads, by the rule in docs/data.md; damage, clutter and odd names."""

import builtins
import io
import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from geomem.config.folders import folder_digest
from geomem.data.decode import COLOUR, DEEP, GREY, decode
from geomem.data.sources import make_images
from geomem.errors import InputError
from PIL import Image

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data.md"
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (6, 5), dtype=np.uint8)
GREYS = RGB[..., 0]


def on_white(colour, alpha):
    part = alpha[..., None] / 255 if colour.ndim == 3 else alpha / 255
    return colour * part + 255 * (1 - part)


def palette(mode="P"):
    return Image.fromarray(RGB).quantize(16).convert(mode) if mode != "P" else Image.fromarray(
        RGB
    ).quantize(16)  # fmt: skip


def expected_palette(image):
    return np.array(image.getpalette()).reshape(-1, 3)[np.asarray(image)]


# Mode: (file type, image, pixels by the rule). Written by Pillow, computed without it.
MODES = {
    "1": ("png", Image.fromarray(GREYS > 99), 255 * (GREYS > 99)),
    "L": ("png", Image.fromarray(GREYS), GREYS),
    "LA": ("png", Image.fromarray(np.dstack([GREYS, ALPHA]), "LA"), on_white(GREYS, ALPHA)),
    "P": ("png", palette(), expected_palette(palette())),
    "RGB": ("png", Image.fromarray(RGB), RGB),
    "RGBA": ("png", Image.fromarray(np.dstack([RGB, ALPHA])), on_white(RGB, ALPHA)),
    "CMYK": (
        "tiff",
        Image.fromarray(np.dstack([RGB, ALPHA]), "CMYK"),
        (255.0 - RGB) * (255.0 - ALPHA[..., None]) / 255,
    ),
    "I;16": ("png", Image.fromarray(257 * GREYS.astype(np.uint16)), 257 * GREYS.astype(int)),
    "I;16B": (
        "tiff",
        Image.frombytes("I;16B", (5, 6), (257 * GREYS.astype(">u2")).tobytes()),
        257 * GREYS.astype(int),
    ),
    "I": ("tiff", Image.fromarray(1000 * GREYS.astype(np.int32)), 1000 * GREYS.astype(int)),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
def test_modes(tmp_path, mode):
    suffix, image, expected = MODES[mode]
    path = tmp_path / f"a.{suffix}"
    image.save(path)
    with Image.open(path) as opened:
        assert opened.mode.startswith(mode.rstrip("B"))
    found = decode(path)
    assert found.pixels.shape == expected.shape
    assert found.deep == (mode in DEEP)
    assert np.abs(found.pixels - expected).max() <= (0 if found.deep else 2)


def test_modes_that_no_common_file_has(tmp_path, monkeypatch):
    """Pillow opens some modes from rare formats alone; here they come from memory."""
    colour = Image.fromarray(RGB)
    lab = np.dstack([np.full((6, 5), 136), np.zeros((6, 5, 2))]).astype(np.uint8)
    images = {
        "HSV": (colour.convert("HSV"), RGB, 8),
        "YCbCr": (colour.convert("YCbCr"), RGB, 3),
        "RGBX": (Image.fromarray(np.dstack([RGB, ALPHA])).convert("RGB").convert("RGBX"), RGB, 0),
        "RGBa": (MODES["RGBA"][1].convert("RGBa"), MODES["RGBA"][2], 3),
        "La": (MODES["LA"][1].convert("La"), MODES["LA"][2], 3),
        "PA": (palette("PA"), expected_palette(palette()), 2),
        "LAB": (Image.frombytes("LAB", (5, 6), lab.tobytes()), np.full((6, 5, 3), 127), 2),
    }
    path = tmp_path / "a.png"
    colour.save(path)
    for mode, (image, expected, tolerance) in images.items():
        assert image.mode == mode
        monkeypatch.setattr(Image, "open", lambda file, image=image: _opened(image))
        found = decode(path).pixels
        assert found.shape == expected.shape, mode
        assert np.abs(found.astype(int) - expected).max() <= tolerance, mode
    for mode in ("F", "I;17"):
        image = Image.new("F", (5, 6))
        monkeypatch.setattr(image, "_mode", mode)
        monkeypatch.setattr(Image, "open", lambda file, image=image: _opened(image))
        with pytest.raises(InputError, match=r"a\.png .*convert it"):
            decode(path)


def _opened(image):
    image.tile = []
    return image


def test_the_table_names_every_mode():
    table = re.findall(r"^\| (`.*?) \|", PAGE.read_text(), re.MULTILINE)
    named = set(re.findall(r"`([^`]+)`", " ".join(table)))
    assert {*GREY, *DEEP, *COLOUR, "F"} <= named
    assert set(Image.MODES) <= named


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
def test_orientation(tmp_path, orientation, suffix):
    """Against what the EXIF standard says of row 0 and column 0."""
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8], upright[:8, 8:], upright[8:, :8] = 80, 160, 240
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.T, 6: np.rot90(upright), 7: upright.T[::-1, ::-1], 8: np.rot90(upright, 3),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    options = {"quality": 100} if suffix == "jpg" else {}
    options |= {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, **options)
    found = decode(path).pixels.astype(int)
    found = found if found.ndim == 2 else found[..., 0]
    assert found.shape == upright.shape
    assert np.abs(found - upright).max() <= 12


def tiff(entries, extra=b""):
    """A little-endian EXIF block with these (tag, type, count, 4 bytes)."""
    body = b"".join(struct.pack("<HHI", t, k, c) + v for t, k, c, v in entries)
    head = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries))
    return head + body + b"\0\0\0\0" + extra


TURN, OFFSET = (0x0112, 3, 1, struct.pack("<HH", 6, 0)), struct.pack("<I", 38)
BROKEN = {
    "text": tiff([(0x0112, 2, 2, b"6\0\0\0")]),
    "no number": tiff([(0x0112, 2, 4, b"abc\0")]),
    "rational without value": tiff([(0x0112, 5, 1, OFFSET)], struct.pack("<ii", 1, 0)),
    "negative rational": tiff([TURN, (0x011A, 10, 1, OFFSET)], struct.pack("<ii", -1, 0)),
    "cut off": tiff([TURN, (0x011A, 5, 1, OFFSET)])[:-14],
    "rubbish": b"Exif\0\0" + bytes(range(64)),
    "huge": tiff([TURN, (0x010E, 2, 0x7FFFFFFF, OFFSET)]),
    "turn 0": tiff([(0x0112, 3, 1, bytes(4))]),
    "turn 99": tiff([(0x0112, 3, 1, struct.pack("<HH", 99, 0))]),
    "two turns": tiff([(0x0112, 3, 2, struct.pack("<HH", 6, 6))]),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_exif_is_not_fatal(tmp_path, kind):
    path = tmp_path / "a.jpg"
    Image.fromarray(np.repeat(GREYS[:, :3], 2, axis=1)).save(path, exif=BROKEN[kind])
    found = decode(path)
    assert sorted(found.pixels.shape) == [6, 6]


def tree(root, save, names=("a", "b"), suffix="png"):
    for number, name in enumerate(names):
        for split, count in (("train", 3), ("test", 1)):
            folder = Path(os.fsdecode(os.fsencode(root) + b"/" + split.encode() + b"/" + name
                          if isinstance(name, bytes) else root / split / name))  # fmt: skip
            folder.mkdir(parents=True)
            for i in range(count):
                save(folder / f"{i}.{suffix}", number)
    return root


def noise(path, label):
    Image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)


def load(root, **settings):
    return make_images({"name": "image-folder", "path": str(root), **settings})


def test_black_strokes_on_transparent_ground(tmp_path):
    masks = []

    def strokes(path, label):
        masks.append(RNG.random((16, 16)) < 0.3)
        Image.fromarray(np.dstack([np.zeros((16, 16, 3)), 255 * masks[-1]]).astype("u1")).save(path)

    found = load(tree(tmp_path, strokes))
    np.testing.assert_array_equal(found.train_images[0, 1] == 0, masks[0])
    assert set(np.unique(found.train_images)) == {0, 255}


def png16(path, pixels):
    """A 16-bit colour PNG written by hand."""
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                     + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))  # fmt: skip


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_colour(tmp_path, bits):
    root = tree(tmp_path, lambda p, label: png16(p, RNG.integers(0, 2**bits, (8, 8, 3))))
    if bits == 16:
        assert load(root).train_images.max() > 200
    else:
        with pytest.raises(InputError, match=rf"use at most {bits} of them.*convert"):
            load(root)


def test_negative_huge_and_transparent_deep_pixels(tmp_path):
    for name, image, options in (
        ("a.tiff", Image.fromarray(np.full((4, 4), -1, np.int32)), {}),
        ("b.tiff", Image.fromarray(np.full((4, 4), 2**30, np.int32)), {}),
        ("c.png", Image.fromarray(np.full((4, 4), 2**15, np.uint16)), {"transparency": 3}),
    ):
        image.save(tmp_path / name, **options)
        with pytest.raises(InputError, match=rf"{name} .*convert it"):
            decode(tmp_path / name)


def grey_png(path, bits, pixels, transparent):
    """A grey PNG of 2, 4 or 16 bits with a transparent colour, written by hand."""
    rows = [np.unpackbits(r.astype(">u2").view("u1")).reshape(-1, 16)[:, -bits:] for r in pixels]
    raw = b"".join(b"\0" + np.packbits(row).tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", pixels.shape[1], len(pixels), bits, 0, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"tRNS", struct.pack(">H", transparent)),
        (b"IDAT", zlib.compress(raw)),
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts
    ))  # fmt: skip


@pytest.mark.parametrize("bits", [2, 4, 16])
def test_a_transparent_colour_of_another_depth_is_refused(tmp_path, bits):
    """Pillow compares it with pixels that it has scaled to 8 bits."""
    grey_png(tmp_path / "a.png", bits, RNG.integers(0, 2**bits, (8, 8)), 1)
    with pytest.raises(InputError, match=r"a\.png has a transparent colour .*convert it"):
        decode(tmp_path / "a.png")


def test_tiff_of_other_conventions_is_refused(tmp_path):
    """White as 0 in 16 bits, and signed bytes, would be read upside down without a word."""
    path = tmp_path / "a.tiff"
    Image.fromarray(RNG.integers(0, 2**16, (8, 8)).astype(np.uint16)).save(path)
    entry = struct.pack("<HHI", 262, 3, 1)
    content = path.read_bytes()
    assert content.count(entry + b"\1") == 1
    path.write_bytes(content.replace(entry + b"\1", entry + b"\0"))
    with pytest.raises(InputError, match="stores white as 0"):
        decode(path)
    Image.fromarray(GREYS).save(path, tiffinfo={339: 2})
    with pytest.raises(InputError, match="signed pixels"):
        decode(path)


def test_the_first_frame_counts_and_is_said(tmp_path, capsys):
    def animated(path, label):
        frames = [Image.new("RGB", (8, 8), (v, v, 9 * int(path.stem))) for v in (label * 9, 250)]
        frames[0].save(path, save_all=True, append_images=frames[1:])

    found = load(tree(tmp_path, animated, suffix="gif"))
    assert found.train_images.max() < 100
    assert "8 files hold several frames" in capsys.readouterr().err


CLUTTER = (
    "train/a/Thumbs.db", "train/a/desktop.ini", "train/.DS_Store", "train/a/._0.png",
    "train/__MACOSX/a/._0.png", "train/a/@eaDir/0.png", "train/labels.csv", "test/@eaDir/x/y.png",
    "train/#recycle/old.png", "test/a/THUMBS.DB", "test/$RECYCLE.BIN/x", "train/lost+found/x",
)  # fmt: skip


def test_clutter_is_left_out(tmp_path):
    root = tree(tmp_path, noise)
    before = load(root)
    for name in CLUTTER:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"clutter")
    assert load(root).fingerprint == before.fingerprint


def test_all_unusable_files_are_listed_at_once(tmp_path):
    root = tree(tmp_path, noise)
    for name in ("train/a/notes.txt", "train/b/list.csv", "test/a/empty.png"):
        (root / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"(?s)3 files.*notes\.txt.*list\.csv.*empty\.png"):
        load(root)


def test_names_that_are_no_utf8(tmp_path):
    found = load(tree(tmp_path, noise, names=("é", b"caf\xe9")))
    assert sorted(found.class_names.tolist()) == ["caf\\xe9", "é"]
    "\n".join(found.class_names.tolist()).encode()


def test_home_is_expanded(tmp_path, monkeypatch):
    tree(tmp_path / "images", noise)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("~/images").n_classes == 2


def test_identical_and_constant_images_are_counted(tmp_path, capsys):
    root = tree(tmp_path, noise)
    assert "warning" not in capsys.readouterr().err
    load(root)
    assert "warning" not in capsys.readouterr().err
    (root / "test/a/copy.png").write_bytes((root / "train/a/0.png").read_bytes())
    Image.new("RGB", (8, 8), (1, 2, 3)).save(root / "train/a/9.png")
    load(root)
    said = capsys.readouterr().err
    assert "1 images have the same value in every pixel" in said
    assert "2 images are identical to another one, in 1 groups; 1 groups hold both" in said
    for path in root.glob("train/*/*"):
        Image.new("L", (8, 8), 7).save(path)
    with pytest.raises(InputError, match=r"all 7 training images are the same.*7 to 7"):
        load(root)


def test_whatever_a_decoder_raises_names_the_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    noise(path, 0)
    for error in (struct.error("x"), AttributeError("x"), KeyError("x"), ZeroDivisionError("x")):
        monkeypatch.setattr(Image, "open", lambda file, error=error: (_ for _ in ()).throw(error))
        with pytest.raises(InputError, match=r"a\.png cannot be read"):
            decode(path)


def test_digest_of_a_folder(tmp_path):
    def seen():
        folder_digest.cache_clear()
        return folder_digest(str(tmp_path))

    tree(tmp_path, noise)
    first, path = seen(), tmp_path / "train/a/0.png"
    assert seen() == first
    times = path.stat()
    content = path.read_bytes()
    changes = [
        lambda: path.write_bytes(content + b"\0"),
        lambda: os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1)),
        lambda: path.rename(path.with_name("1.jpg")),
        lambda: path.unlink(),
        lambda: (tmp_path / "train/c").mkdir(),
    ]
    for change in changes:
        change()
        assert seen() != first
        path.with_name("1.jpg").unlink(missing_ok=True)
        (tmp_path / "train/c").rmdir() if (tmp_path / "train/c").exists() else None
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert seen() == first
    (path.parent / "Thumbs.db").write_text("x")
    (path.parent / "loop").symlink_to(tmp_path)
    assert seen() == first
    # a link to one of several folders: which one counts
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
    (tmp_path / "chosen").symlink_to("v1")
    chosen = seen()
    (tmp_path / "chosen").unlink()
    (tmp_path / "chosen").symlink_to("v2")
    assert seen() != chosen
    (tmp_path / "v2" / "back").symlink_to(tmp_path)
    assert seen() == seen()
    folder_digest.cache_clear()
    assert folder_digest(str(tmp_path / "nowhere")) == "absent"


def test_the_digest_opens_no_file(tmp_path, monkeypatch):
    """It is taken at every start, of data sets with a hundred thousand images."""
    tree(tmp_path, noise)
    folder_digest.cache_clear()
    with monkeypatch.context() as patched:
        for place in (builtins, io, os):
            patched.setattr(place, "open", lambda *_, **__: pytest.fail("a file is opened"))
        found = folder_digest(str(tmp_path))
    assert found not in ("", "absent")
