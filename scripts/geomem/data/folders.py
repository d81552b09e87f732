"""Data sets kept as folders of image files: Tiny ImageNet, and one folder per class."""

import os
from pathlib import Path
from unicodedata import normalize

import numpy as np

from geomem.config.folders import is_clutter
from geomem.data.decode import decode, shallow
from geomem.data.image_sets import ImageSet, first_per_class
from geomem.errors import InputError
from geomem.process import log

_SHOWN = 20  # files of a list of faults


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
        raise InputError(f"{root / 'wnids.txt'} is empty; unpack the data set again")
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
    return _decode_all(train, test, names, size, colour=True)


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
        Grey images if every file is grey, else all in colour; see `geomem.data.decode`.

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
            alike = [c for c in classes if normalize("NFC", c) == normalize("NFC", name)]
            raise InputError(
                f"{root / 'test' / name}: class {name!r} has no folder in {root / 'train'}"
                f"{' (only one of another Unicode form)' if alike else ''}; add training images of "
                "it, rename or remove it"
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
    return _decode_all(train, test, classes, size, colour=False)


def _folder(path, what):
    if not path.exists():
        raise InputError(f"{what}: {path} does not exist; correct the path or put the data there")
    if not path.is_dir():
        raise InputError(f"{what}: {path} is a file; expected a folder")
    return path


def _classes(folder):
    """Sorted names of the folders in `folder`; hidden ones and clutter do not count."""
    found = [p for p in _folder(folder, "data.path").iterdir() if not is_clutter(p.name)]
    names = sorted(p.name for p in found if p.is_dir())
    if not names:
        raise InputError(f"{folder} holds no folder; expected one for each class")
    beside = sorted(p.name for p in found if not p.is_dir())
    if lost := [name for name in beside if not (folder / name).exists()]:
        raise InputError(f"{folder / lost[0]} is a link to nothing; correct or remove it")
    if beside:
        log(
            f"warning: {_counted(len(beside), 'file')} of {folder} beside the folders of its "
            f"classes ({beside[0]} first) left out"
        )
    return names


def _files(folder, what):
    """Sorted files in `folder`; hidden ones and clutter do not count."""
    found = sorted(p for p in _folder(folder, what).iterdir() if not is_clutter(p.name))
    if not found:
        raise InputError(f"{folder} is empty; expected {what}")
    wrong = [path.name for path in found if not path.is_file()]
    if wrong:
        shown = ", ".join(wrong[:_SHOWN]) + (" ..." if len(wrong) > _SHOWN else "")
        raise InputError(
            f"{folder} holds {shown}, which is not a file (or a link to none); expected nothing "
            f"but {what} there"
        )
    return found


def _lines(path):
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(
            f"{path} does not exist; data.path must be the unpacked Tiny ImageNet folder"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({error}); unpack it again") from error


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


def _decode_all(train, test, names, size, colour):
    """An ImageSet of the files of (file, label) pairs; `colour` makes grey images colour ones."""
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise InputError(f"data.size is {size!r}; expected a number of pixels or null")
    files = [file for file, _ in train + test]
    decoded = _read(files, size)
    _tell(files, decoded)
    pixels = [image.pixels for image in decoded]
    deep = [i for i, image in enumerate(decoded) if image.deep]
    if deep:
        scaled, bits = shallow([pixels[i] for i in deep])
        for i, image in zip(deep, scaled, strict=True):
            pixels[i] = image
        log(
            f"{_counted(len(deep), 'image')} of more than 8 bits: {bits} bits are used, so all "
            f"are divided by {2 ** (bits - 8)}"
        )
    colour = colour or any(image.ndim == 3 for image in pixels)
    pixels = [_channels(image, colour) for image in pixels]
    shapes = [image.shape for image in pixels]
    other = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
    if other is not None:
        raise InputError(
            f"{files[other]} is {shapes[other][2]} x {shapes[other][1]} pixels, others "
            f"{shapes[0][2]} x {shapes[0][1]}; set data.size to scale all images to one size"
        )
    arrays = []
    for images, found in ((train, pixels[: len(train)]), (test, pixels[len(train) :])):
        labels = np.array([label for _, label in images], dtype=np.int64)
        arrays += [np.stack(found) if found else np.empty((0, *shapes[0]), np.uint8), labels]
    return ImageSet(*arrays, np.array([_text(name) for name in names]))


def _read(files, size):
    """Every file decoded; those that cannot be are listed together."""
    decoded, failed = [], []
    for file in files:
        try:
            decoded.append(decode(file, size))
        except InputError as error:
            failed.append(str(error))
    if len(failed) == 1:
        raise InputError(failed[0])
    if failed:
        shown = "\n".join(f"  - {text}" for text in failed[:_SHOWN])
        more = f"\n  and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        raise InputError(f"{len(failed)} files cannot be used:\n{shown}{more}")
    return decoded


def _tell(files, decoded):
    """Warn of what may not be what the user thinks; refuse colour that would be left all black."""
    unread = [str(f) for f, image in zip(files, decoded, strict=True) if image.turned is None]
    if unread:
        log(
            f"warning: EXIF data of {_counted(len(unread), 'file')} cannot be read ({unread[0]} "
            "first); taken to be upright"
        )
    several = [str(f) for f, image in zip(files, decoded, strict=True) if image.frames]
    if several:
        log(
            f"warning: {_counted(len(several), 'file')} hold several frames ({several[0]} first); "
            "the first frame is taken"
        )
    halved = [(int(d.pixels.max()), f) for f, d in zip(files, decoded, strict=True) if d.halved]
    if halved and max(halved)[0] < 2**7:
        raise InputError(
            f"{_counted(len(halved), 'colour file')} of 16 bits ({halved[0][1]} first) use at most "
            f"{8 + max(halved)[0].bit_length()} of them, and Pillow keeps the upper 8: convert "
            "them to 8 bits"
        )


def _channels(image, colour):
    """(H, W) or (H, W, 3) as (channels, H, W)."""
    if image.ndim == 3:
        return np.ascontiguousarray(image.transpose(2, 0, 1))
    return np.repeat(image[None], 3 if colour else 1, axis=0)


def _text(name):
    """A folder's name as text that can be written anywhere; bytes that are no UTF-8 as \\xe9."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _counted(number, noun):
    return f"{number} {noun}" + ("" if number == 1 else "s")
