"""Images in folders: what is read, and what is refused."""

import os
import tarfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from geomem.data.sources import make_images
from geomem.errors import InputError
from PIL import Image

COLOURS = {"rouge été": (250, 0, 0), "絵 blue": (0, 0, 250)}
SHARED = Path(__file__).resolve().parents[2] / "../shared/data/tiny-imagenet-32.tar.xz"


def _save(path, colour, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(colour, int) else "RGB", size, colour).save(path)
    return path


@pytest.fixture
def folder(tmp_path):
    """Two classes with names that need care, three training images and one test image each."""
    root = tmp_path / "my images"
    for name, colour in COLOURS.items():
        for index in range(3):
            _save(root / "train" / name / f"{index} é.png", (*colour[:1], index, colour[2]))
        _save(root / "test" / name / "a.bmp", colour)
        (root / "train" / name / ".hidden").write_text("not an image")
    return root


@pytest.fixture
def tiny(tmp_path):
    """Tiny ImageNet's layout with two classes."""
    root = tmp_path / "tiny"
    annotations = []
    for wnid, colour in (("n2", (250, 0, 0)), ("n1", (0, 0, 250))):
        for index in range(3):
            _save(root / "train" / wnid / "images" / f"{wnid}_{index}.JPEG", colour)
        _save(root / "val" / "images" / f"val_{wnid}.JPEG", colour)
        annotations.append(f"val_{wnid}.JPEG\t{wnid}\t0\t0\t7\t7\n")
    (root / "val" / "val_annotations.txt").write_text("".join(annotations))
    (root / "wnids.txt").write_text("n2\nn1\n")
    (root / "words.txt").write_text("n1\tbluebird, bluish\nn2\tgoldfish\nn3\tnothing\n")
    return root


def _load(root, **settings):
    name = "tiny-imagenet" if root.name == "tiny" else "image-folder"
    return make_images({"name": name, "path": str(root), **settings})


def test_image_folder(folder):
    images = _load(folder)
    assert images.class_names.tolist() == sorted(COLOURS)
    assert images.train_images.shape == (6, 3, 8, 8)
    assert images.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert images.train_images[:, :, 0, 0].tolist() == [
        [COLOURS[name][0], index, COLOURS[name][2]]
        for name in sorted(COLOURS)
        for index in range(3)
    ]
    few = _load(folder, train_per_class=2)
    assert np.array_equal(few.train_images, images.train_images[[0, 1, 3, 4]])
    assert _load(folder, size=4).image_shape == (3, 4, 4)


def test_grey_files_stay_grey_unless_one_has_colour(folder):
    for value, path in enumerate(sorted(folder.glob("*/*/[!.]*"))):
        _save(path, value)
    grey = _load(folder)
    assert grey.image_shape == (1, 8, 8)
    assert grey.train_images[:, 0, 0, 0].tolist() == [2, 3, 4, 5, 6, 7]
    _save(folder / "test" / "絵 blue" / "a.bmp", (1, 2, 3))
    mixed = _load(folder)
    assert mixed.image_shape == (3, 8, 8)
    assert (mixed.train_images == grey.train_images).all()
    assert mixed.test_images[1, :, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("bits", [7, 8, 10, 12, 15, 16])
@pytest.mark.parametrize("kind", ["png", "tiff", "tiff, 32 bits", "tiff, big endian"])
def test_deep_grey_is_scaled_by_the_bits_in_use(folder, capsys, bits, kind):
    """All images of a data set alike, so that a dark one stays dark."""
    rng, values = np.random.default_rng(0), {}
    for number, path in enumerate(sorted(folder.glob("*/*/[!.]*"))):
        path.unlink()
        deep = rng.integers(0, 2**bits >> number % 3, (8, 8)).astype(np.uint16)
        deep[0, 0] = (2**bits - 1) >> number % 3
        path = path.with_suffix(f".{kind[:4].rstrip(',')}")
        image = Image.fromarray(deep.astype(np.int32) if "32" in kind else deep)
        if "big" in kind:
            image = Image.frombytes("I;16B", (8, 8), deep.astype(">u2").tobytes())
        image.save(path)
        values[path] = deep
    found = _load(folder)
    train = [values[path] for path in sorted(values) if "train" in str(path)]
    expected = np.array(train) // 2 ** max(bits - 8, 0)
    np.testing.assert_array_equal(found.train_images[:, 0], expected)
    assert f"{max(bits, 8)} bits are used" in capsys.readouterr().err


def test_palette_transparency_and_turned_photographs(folder):
    one, two, three = sorted((folder / "train" / "絵 blue").glob("[0-9]*"))
    Image.new("RGB", (8, 8), (0, 9, 0)).convert("P").save(one)
    Image.new("RGBA", (8, 8), (5, 6, 7, 100)).save(two)
    turned = Image.new("RGB", (8, 8), (200, 200, 200))
    turned.paste((0, 0, 0), (0, 0, 8, 4))  # the upper half black
    orientation = Image.Exif()
    orientation[0x0112] = 3  # taken upside down
    turned.save(three, exif=orientation)
    pixels = _load(folder).train_images[3:]
    assert pixels[1, :, 0, 0].tolist() == [157, 157, 158]  # on white
    assert (pixels[2, :, :4] == 200).all() and (pixels[2, :, 4:] == 0).all()


def test_what_lies_beside_the_classes(folder, capsys):
    (folder / "train" / "stray.png").write_bytes(b"x")
    _load(folder)
    assert "1 file of" in (said := capsys.readouterr().err) and "(stray.png first)" in said
    (folder / "train" / "lost").symlink_to(folder / "nowhere")
    with pytest.raises(InputError, match=r"train/lost is a link to nothing"):
        _load(folder)


def test_a_name_in_two_unicode_forms(folder):
    """As of a test set that was packed on a Mac, and a training set that was not."""
    for split, form in (("train", "NFC"), ("test", "NFD")):
        (folder / split / "絵 blue").rename(folder / split / unicodedata.normalize(form, "é"))
    with pytest.raises(InputError, match="only one of another Unicode form"):
        _load(folder)


def test_mixed_sizes_need_size(folder):
    _save(folder / "train" / "絵 blue" / "9.png", (0, 0, 250), size=(16, 10))
    with pytest.raises(InputError, match=r"9\.png is 16 x 10 pixels, others 8 x 8; set data\.size"):
        _load(folder)
    images = _load(folder, size=8)
    assert images.train_images.shape == (7, 3, 8, 8)
    assert images.train_images[-1, :, 0, 0].tolist() == [0, 0, 250]


def _truncate(root):
    path = next((root / "train").glob("**/*[0-9]*.*"))
    noisy = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    Image.fromarray(noisy).save(path)
    path.write_bytes(path.read_bytes()[:2000])


def _text(root):
    (next((root / "train").iterdir()) / "notes.txt").write_text("hello")


def _empty(root):
    for path in (root / "train" / "絵 blue").iterdir():
        path.unlink()


def _remove(path):
    for child in sorted(path.rglob("*"), reverse=True):
        child.rmdir() if child.is_dir() else child.unlink()
    path.rmdir()


def _one_class(root):
    for split in ("train", "test"):
        _remove(root / split / "絵 blue")


FAULTS = {
    "truncated": (_truncate, r"cannot be read as an image .*replace or remove"),
    "text": (_text, r"notes\.txt cannot be read as an image"),
    "empty class": (_empty, "絵 blue is empty; expected the train images of class"),
    "one class": (_one_class, "found 1 class; at least 2"),
    "unknown class": (
        lambda root: _save(root / "test" / "third" / "a.png", 3),
        "class 'third' has no folder in .*train",
    ),
    "untested class": (
        lambda root: _remove(root / "test" / "絵 blue"),
        "the test images of class '絵 blue'.*絵 blue does not exist",
    ),
    "folder in class": (
        lambda root: (root / "train/絵 blue/sub").mkdir(),
        "sub, which is not a file",
    ),
    "no classes": (lambda root: [_remove(p) for p in (root / "test").iterdir()], "holds no folder"),
    "no test": (lambda root: _remove(root / "test"), "test does not exist"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_image_folders(folder, fault):
    spoil, named = FAULTS[fault]
    spoil(folder)
    with pytest.raises(InputError, match=named):
        _load(folder)


def test_path_missing_or_a_file(folder):
    with pytest.raises(InputError, match="nowhere does not exist"):
        _load(folder / "nowhere")
    with pytest.raises(InputError, match="is a file; expected a folder"):
        _load(next(folder.glob("test/*/*")))
    with pytest.raises(InputError, match=r"data\.size is 0"):
        _load(folder, size=0)
    with pytest.raises(InputError, match="has only 3 training images"):
        _load(folder, train_per_class=4)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_read(folder, what):
    path = next(folder.glob("test/*/*")) if what == "file" else folder / "train"
    path.chmod(0)
    with pytest.raises(InputError):  # imports what is imported late, while it may
        _load(folder / "nowhere")
    root = os.geteuid() == 0
    if root:  # who may read anything
        for above in (folder, *folder.parents):
            if above.stat().st_uid == 0 and above.name.startswith(("pytest", "test", "popen")):
                above.chmod(0o755)
        os.seteuid(65534)
    try:
        with pytest.raises(InputError, match=r"cannot be read|may not be read"):
            _load(folder)
    finally:
        if root:
            os.seteuid(0)
        path.chmod(0o755)


def test_tiny_imagenet(tiny):
    images = _load(tiny)
    assert images.class_names.tolist() == ["goldfish", "bluebird"]
    assert images.train_images.shape == (6, 3, 8, 8)
    assert images.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert images.test_labels.tolist() == [1, 0]  # by file name
    reddest = images.test_images[:, 0].mean(axis=(1, 2))
    assert reddest[1] > 200 > 50 > reddest[0]
    assert _load(tiny, size=4, train_per_class=1).train_images.shape == (2, 3, 4, 4)
    (tiny / "words.txt").unlink()
    assert _load(tiny).class_names.tolist() == ["n2", "n1"]


TINY_FAULTS = {
    "no list": (lambda root: (root / "wnids.txt").unlink(), "wnids.txt does not exist"),
    "empty list": (lambda root: (root / "wnids.txt").write_text("\n"), "wnids.txt is empty"),
    "not text": (lambda root: (root / "wnids.txt").write_bytes(b"\xff\xfe\xff"), "not UTF-8"),
    "missing class": (lambda root: _remove(root / "train/n1"), "n1/images does not exist"),
    "empty class": (
        lambda root: [p.unlink() for p in (root / "train/n1/images").iterdir()],
        "images is empty; expected the training images of n1",
    ),
    "unknown class": (
        lambda root: (root / "val/val_annotations.txt").write_text("val_n1.JPEG\tn7\t0\n"),
        r"val_annotations\.txt line 1: .*a class of wnids\.txt",
    ),
    "no annotations": (
        lambda root: (root / "val/val_annotations.txt").write_text(""),
        "has no test image",
    ),
    "listed image missing": (
        lambda root: (root / "val/images/val_n1.JPEG").unlink(),
        r"val_n1\.JPEG does not exist, though it is listed",
    ),
    "truncated": (_truncate, "cannot be read as an image"),
}


@pytest.mark.parametrize("fault", TINY_FAULTS)
def test_faults_of_tiny_imagenet(tiny, fault):
    spoil, named = TINY_FAULTS[fault]
    spoil(tiny)
    with pytest.raises(InputError, match=named):
        _load(tiny)


@pytest.mark.skipif(not SHARED.exists(), reason="the Tiny ImageNet archive is not beside the repo")
def test_real_tiny_imagenet(tmp_path):
    """Two classes of the real files."""
    with tarfile.open(SHARED, "r:xz") as tar:  # in one pass: going back would start over
        content = {m.name.partition("/")[2]: tar.extractfile(m).read() for m in tar if m.isfile()}
    wnids = content["wnids.txt"].split()[:2]
    annotations = content["val/val_annotations.txt"].splitlines(keepends=True)
    listed = [line for line in annotations if line.split(b"\t")[1] in wnids]
    wanted = [n for n in content if n.startswith("train/") and n.split("/")[1].encode() in wnids]
    wanted += [f"val/images/{line.split()[0].decode()}" for line in listed]
    content["wnids.txt"] = b"\n".join(wnids)
    content["val/val_annotations.txt"] = b"".join(listed)
    for name in [*wanted, "wnids.txt", "val/val_annotations.txt", "words.txt"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content[name])

    images = make_images({"name": "tiny-imagenet", "path": str(tmp_path)})
    assert images.image_shape == (3, 32, 32)
    assert images.train_images.shape[0] == sum(name.startswith("train/") for name in wanted)
    assert np.bincount(images.test_labels).tolist() == [50, 50]
    assert not set(images.class_names) & {wnid.decode() for wnid in wnids}
    assert 30 < images.train_images.std() < 100
