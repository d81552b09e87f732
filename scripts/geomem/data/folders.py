"""Data sets kept as folders of image files: Tiny ImageNet, and one folder per class."""

import contextlib
from pathlib import Path

import numpy as np

from geomem.data.image_sets import ImageSet, first_per_class
from geomem.errors import InputError


def load_tiny_imagenet(*, path, size=None, train_per_class=None):
    """Load Tiny ImageNet as it is distributed, unpacked; its validation images are the test set.

    Parameters
    ----------
    path : path
        Folder with wnids.txt (one class per line), train/WNID/images/, val/images/,
        val/val_annotations.txt and, for readable class names, words.txt.
    size : int, optional
        Side in pixels to scale to; by default images stay as they are.
    train_per_class : int, optional
        Keep the first so many training images of every class, by file name.

    Returns
    -------
    ImageSet
        Colour images.

    Raises
    ------
    InputError
        If a file or folder is missing, unreadable or not as expected.
    """
    root = _folder(Path(path), "data.path")
    classes = [line.strip() for line in _lines(root / "wnids.txt") if line.strip()]
    if not classes:
        raise InputError(f"{root / 'wnids.txt'} is empty; unpack the data set anew")
    train = [
        (file, label)
        for label, wnid in enumerate(classes)
        for file in _files(root / "train" / wnid / "images", f"the training images of {wnid}")
    ]
    train = _first(train, train_per_class, root)
    test = _annotated(root / "val", classes)
    words = _lines(root / "words.txt") if (root / "words.txt").exists() else []
    names = dict(line.split("\t", 1) for line in words if "\t" in line)
    names = [names.get(wnid, wnid).split(",")[0].strip() for wnid in classes]
    return _decode_all(train, test, names, "RGB", size)


def load_image_folder(*, path, size=None, train_per_class=None):
    """Load images kept as train/CLASS/FILE and test/CLASS/FILE, in any format Pillow reads.

    Parameters
    ----------
    path : path
    size : int, optional
        Side in pixels to scale to, after cropping to a square around the centre. Needed where
        images differ in size.
    train_per_class : int, optional
        Keep the first so many training images of every class, by file name.

    Returns
    -------
    ImageSet
        Grey images if every file is grey, else all in colour. Transparency is dropped.

    Raises
    ------
    InputError
        If a folder is missing or empty, a test class has no training images, or a file is not a
        whole image.
    """
    root = _folder(Path(path), "data.path")
    classes = _classes(root / "train")
    for name in _classes(root / "test"):
        if name not in classes:
            raise InputError(
                f"{root / 'test' / name}: class {name!r} has no folder in {root / 'train'}; "
                "add training images of it or remove it"
            )
    train, test = (
        [
            (file, label)
            for label, name in enumerate(classes)
            for file in _files(root / split / name, f"the {split} images of class {name!r}")
        ]
        for split in ("train", "test")
    )
    train = _first(train, train_per_class, root)
    grey = all(_is_grey(file) for file, _ in train + test)
    return _decode_all(train, test, classes, "L" if grey else "RGB", size)


def _folder(path, what):
    if not path.exists():
        raise InputError(f"{what}: {path} does not exist; correct the path or put the data there")
    if not path.is_dir():
        raise InputError(f"{what}: {path} is a file; expected a folder")
    return path


def _classes(folder):
    """Sorted names of the folders in `folder`; hidden ones do not count."""
    _folder(folder, "data.path")
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise InputError(f"{folder} holds no folder; expected one for each class")
    return names


def _files(folder, what):
    """Sorted files in `folder`; hidden ones do not count."""
    files = sorted(p for p in _folder(folder, what).iterdir() if not p.name.startswith("."))
    if not files:
        raise InputError(f"{folder} is empty; expected {what}")
    for file in files:
        if not file.is_file():
            raise InputError(f"{file} is not a file; expected nothing but {what} in {folder}")
    return files


def _lines(path):
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(
            f"{path} does not exist; data.path must be the unpacked Tiny ImageNet folder"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({error}); unpack it anew") from error


def _annotated(folder, classes):
    """(file, label) of every image listed in val_annotations.txt, by file name."""
    annotations, codes = folder / "val_annotations.txt", {w: i for i, w in enumerate(classes)}
    found = []
    for number, line in enumerate(_lines(annotations), start=1):
        name, tab, rest = line.partition("\t")
        wnid = rest.split("\t")[0]
        if not tab or wnid not in codes:
            raise InputError(
                f"{annotations} line {number}: {line[:60]!r} should read FILE, tab, a class of "
                "wnids.txt; correct the line or the list of classes"
            )
        found.append((folder / "images" / name, codes[wnid]))
    return sorted(found)


def _first(images, count, root):
    labels = [label for _, label in images]
    return [images[i] for i in first_per_class(labels, count, root)]


def _decode_all(train, test, names, mode, size):
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise InputError(f"data.size is {size!r}; expected a number of pixels or null")
    shape = None
    arrays = []
    for images in (train, test):
        pixels = []
        for file, _ in images:
            pixels.append(_decode(file, mode, size))
            shape = shape or pixels[-1].shape
            if pixels[-1].shape != shape:
                raise InputError(
                    f"{file} is {pixels[-1].shape[2]} x {pixels[-1].shape[1]} pixels, others "
                    f"{shape[2]} x {shape[1]}; set data.size to scale all images to one size"
                )
        labels = np.array([label for _, label in images], dtype=np.int64)
        arrays += [np.stack(pixels) if pixels else np.empty((0, *shape), np.uint8), labels]
    return ImageSet(*arrays, np.array(names))


@contextlib.contextmanager
def _reading(file):
    """The file as a Pillow image whose pixels are not decoded yet."""
    from PIL import Image

    try:
        with Image.open(file) as image:
            yield image
    except FileNotFoundError:
        raise InputError(f"{file} does not exist, though it is listed; restore it") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{file} cannot be read as an image ({error}); expected a whole image file: replace "
            "or remove it"
        ) from error


def _is_grey(file):
    with _reading(file) as image:
        return image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")


def _decode(file, mode, size):
    """The image as uint8 of shape (channels, height, width)."""
    from PIL import Image, ImageOps

    with _reading(file) as opened:
        image = ImageOps.exif_transpose(opened)  # the right way up
    if image.mode.startswith("I"):  # 16 bits deep, which Pillow would clip to 8
        image = Image.fromarray((np.asarray(image) // 256).clip(0, 255).astype(np.uint8))
    elif image.mode == "F":
        raise InputError(f"{file} holds floating-point pixels; expected 8 or 16 bits: convert it")
    image = image.convert(mode)
    if size is not None and image.size != (size, size):
        image = ImageOps.fit(image, (size, size), method=Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[None] if mode == "L" else np.ascontiguousarray(pixels.transpose(2, 0, 1))
