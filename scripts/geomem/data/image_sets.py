"""The one form every data set takes: images and labels as arrays, with a fingerprint."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geomem.errors import InputError
from geomem.process import log
from geomem.storage.arrays import read_arrays, write_arrays
from geomem.storage.atomic import damaged

_CHUNK = 1000  # images looked at together
_CHANNELS = (1, 3, 4)  # of grey, colour and colour with transparency
_FIELDS = ("train_images", "train_labels", "test_images", "test_labels", "class_names")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images, split into training and test images.

    Attributes
    ----------
    train_images, test_images : ndarray of uint8, shape (n, channels, height, width)
    train_labels, test_labels : ndarray of int64, shape (n,)
        Class ids, 0 to `n_classes` - 1.
    class_names : ndarray of str, shape (n_classes,)
    normalization : ndarray of float64, shape (2, channels), or None
        Mean and standard deviation that networks are given images with, on the scale 0 to 255;
        None: those of the training images.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: np.ndarray
    normalization: np.ndarray | None = None

    @property
    def n_classes(self):
        return len(self.class_names)

    @property
    def image_shape(self):
        """(channels, height, width)"""
        return self.train_images.shape[1:]

    @cached_property
    def fingerprint(self):
        """SHA-256 over every array's shape and content, and the class names."""
        digest = hashlib.sha256()
        for field in _FIELDS[:4]:
            array = getattr(self, field)
            digest.update(f"{field} {array.dtype} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array))
        names = "\n".join(map(str, self.class_names))
        digest.update(names.encode("utf-8", "surrogatepass"))
        if self.normalization is not None:
            digest.update(f"\nnormalization {self.normalization.tolist()}".encode())
        return digest.hexdigest()


def checked(images, source):
    """`images` itself, once it is known to be usable.

    Parameters
    ----------
    images : ImageSet
    source : str
        Where it came from, for the message.

    Raises
    ------
    InputError
        If there are fewer than two classes, two have one name, a label is out of range, a class has
        no image, channels are last, or arrays disagree in shape or type.
    """
    n_classes = images.n_classes
    if n_classes < 2:
        raise InputError(
            f"{source}: found {n_classes} class; at least 2 are needed to tell classes apart"
        )
    name, most = Counter(map(str, images.class_names)).most_common(1)[0]
    if most > 1:
        raise InputError(
            f"{source}: {most} classes are called {name!r}; give each class a name of its own"
        )
    for split in ("train", "test"):
        pixels, labels = getattr(images, f"{split}_images"), getattr(images, f"{split}_labels")
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != images.image_shape:
            raise InputError(
                f"{source}: the {split} images are {pixels.dtype} {pixels.shape}; expected uint8 "
                f"(n, channels, height, width) of one size, {images.image_shape}"
            )
        if pixels.shape[3] in _CHANNELS and pixels.shape[1] not in _CHANNELS:
            raise InputError(
                f"{source}: the {split} images have shape {pixels.shape}, which has the channels "
                "last; expected (n, channels, height, width): images.transpose(0, 3, 1, 2)"
            )
        if labels.shape != pixels.shape[:1]:
            raise InputError(
                f"{source}: {len(pixels)} {split} images but labels of shape {labels.shape}; "
                "expected one label for each image"
            )
        if outside := sorted(set(labels.tolist()) - set(range(n_classes))):
            raise InputError(
                f"{source}: {split} labels hold {outside[0]}; with {n_classes} classes they must "
                f"lie in 0 to {n_classes - 1}. Correct the labels or the list of classes"
            )
        counts = np.bincount(labels, minlength=n_classes)
        if not counts.all():
            empty = int(np.argmin(counts))
            raise InputError(
                f"{source}: class {images.class_names[empty]!s} ({empty}) has no {split} image; "
                "add images of it or leave the class out"
            )
    _look_at(images, source)
    return images


def _look_at(images, source):
    """Count identical and constant images; refuse a training set without any difference."""
    first = images.train_images[:1]
    if len(images.train_images) > 1 and (images.train_images == first).all():
        raise InputError(
            f"{source}: all {len(images.train_images)} training images are the same, pixel by "
            f"pixel (values {int(first.min())} to {int(first.max())}); look at the files"
        )
    splits, constant = {}, 0  # which splits hold an image, by its checksum
    for split in ("train", "test"):
        pixels = getattr(images, f"{split}_images")
        for start in range(0, len(pixels), _CHUNK):
            chunk = pixels[start : start + _CHUNK]
            constant += int((chunk == chunk[:, :, :1, :1]).all(axis=(1, 2, 3)).sum())
        for image in pixels:
            key = hashlib.blake2b(np.ascontiguousarray(image), digest_size=16).digest()
            splits.setdefault(key, []).append(split)
    repeated = [found for found in splits.values() if len(found) > 1]
    if constant:
        log(f"warning: {source}: {constant} images have the same value in every pixel")
    if repeated:
        both = sum(len(set(found)) == 2 for found in repeated)
        log(
            f"warning: {source}: {sum(map(len, repeated))} images are identical to another one, in "
            f"{len(repeated)} groups; {both} groups hold both training and test images"
        )


def first_per_class(labels, count, source):
    """Indices, in order, of the first `count` images of every class (of all when None).

    Raises
    ------
    InputError
        If a class has fewer.
    """
    labels = np.asarray(labels)
    if count is None:
        return np.arange(len(labels))
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(f"data.train_per_class is {count!r}; expected a whole number above 0")
    by_class = np.argsort(labels, kind="stable")
    classes, starts, sizes = np.unique(labels[by_class], return_index=True, return_counts=True)
    if (sizes < count).any():
        least = int(np.argmin(sizes))
        raise InputError(
            f"data.train_per_class is {count}, but class {classes[least]} of {source} has only "
            f"{sizes[least]} training images; set it to {sizes[least]} or less"
        )
    return np.sort(np.concatenate([by_class[start : start + count] for start in starts]))


def save_images(path, images, provenance):
    """Write an ImageSet as one .npz file."""
    arrays = {field: getattr(images, field) for field in _FIELDS}
    empty = np.zeros((2, 0))
    arrays["normalization"] = empty if images.normalization is None else images.normalization
    write_arrays(path, {**arrays, "fingerprint": np.array(images.fingerprint)}, provenance)


def load_images(path):
    """Read an ImageSet written by `save_images`.

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated or altered.
    """
    arrays, _ = read_arrays(path, (*_FIELDS, "normalization", "fingerprint"))
    recorded = str(arrays.pop("fingerprint"))
    arrays["normalization"] = arrays["normalization"] if arrays["normalization"].size else None
    images = ImageSet(**arrays)
    if images.fingerprint != recorded:
        raise damaged(path, "its fingerprint does not match its images")
    return images
