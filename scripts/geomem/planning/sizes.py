"""How many images, classes and bytes an experiment comes to, from its settings alone."""

import functools
import itertools
from dataclasses import dataclass
from math import prod
from pathlib import Path

from geomem.config.experiments import kept_epochs
from geomem.registry import datasets

_LOOKED_AT = 5  # classes of an image folder, for a glance
_PER_CLASS = 50  # of recorded activations that do not say
_MEASURES = 8  # rows for each manifold in a geometry table, about


@dataclass(frozen=True)
class DataSize:
    """A data set's images: how many to train on and to test with, classes, (C, H, W)."""

    train: int
    test: int
    classes: int
    shape: tuple

    @property
    def bytes(self):
        return (self.train + self.test) * prod(self.shape)


def data_size(data):
    """The size of the data set that a `data` section describes.

    Image folders are counted; their images are taken to be in colour, and as large as `size` or,
    without it, as their first one (64 pixels a side where there is none yet). Of a user's own
    function nothing is known before it has run: see `planned_size`.
    """
    entry = datasets.find(data["name"])
    if entry.known or "path" not in (entry.keys or ()):
        return planned_size(data)
    folder = Path(data["path"]).expanduser()
    shape = 3, *([data["size"]] * 2 if data.get("size") else _first_image(folder / "train"))
    train, classes = _count(folder / "train", data.get("train_per_class"))
    each = entry.test_per_class
    test = classes * each if each else _count(folder / "test", None)[0]
    return DataSize(train, test, classes, shape)


def planned_size(data):
    """The size of a data set from a glance at its files, since Snakemake asks at each start.

    An image folder is taken to have as many images in each class as the fullest of its first
    classes. One that is not there (yet, or on this machine), and a user's own function, are taken
    to be as large as the registry says.
    """
    entry = datasets.find(data["name"])
    if entry.known:
        return DataSize(*entry.known(data))
    train, test, classes = entry.assumed
    sides = (64, 64)
    if "path" in (entry.keys or ()):
        folder = Path(data["path"]).expanduser()
        found = _glance(folder / "train")
        if found.each:
            train, classes, sides = found.classes * found.each, found.classes, found.sides
            each = entry.test_per_class or _glance(folder / "test").each
            test = classes * each
    if each := data.get("train_per_class"):
        train = min(train, each * classes)
    sides = [data["size"]] * 2 if data.get("size") else sides
    return DataSize(train, test, classes, (3, *sides))


@dataclass(frozen=True)
class _Glance:
    """Classes below a folder, images of the fullest of some classes, height and width of one."""

    classes: int
    each: int
    sides: tuple


@functools.cache
def _glance(folder):
    if not folder.is_dir():
        return _Glance(0, 0, (64, 64))
    classes = sorted(each for each in folder.iterdir() if each.is_dir())
    counts = [_images(each) for each in classes[:_LOOKED_AT]]
    return _Glance(len(classes), max(counts, default=0), tuple(_first_image(folder)))


def _images(folder):
    return sum(1 for path in folder.rglob("*") if path.is_file())


def _count(folder, per_class):
    """Images (at most so many per class) and classes below a folder; (0, 0) if there is none."""
    if not folder.is_dir():
        return 0, 0
    counts = [_images(each) for each in folder.iterdir() if each.is_dir()]
    return sum(min(count, per_class or count) for count in counts), len(counts)


def _first_image(folder):
    """Height and width of an image below a folder; 64 and 64 if none is found among a few files."""
    from PIL import Image

    files = (path for path in folder.rglob("*") if path.is_file())
    for path in itertools.islice(files, 10):
        try:
            with Image.open(path) as image:
                return image.height, image.width
        except (OSError, ValueError, Image.DecompressionBombError):
            continue  # a list of boxes, or damaged: the job that reads all images says so
    return 64, 64


@dataclass(frozen=True)
class AnalysisSize:
    """The analysed images: P classes, M images of each, and how many kinds of manifolds."""

    classes: int
    per_class: int
    kinds: int

    @property
    def images(self):
        return self.classes * self.per_class * self.kinds


def analysis_size(experiment, size, noise):
    """The size of an experiment's analysis set at one label noise."""
    classes = experiment["analysis"]["classes"]
    classes = size.classes if classes == "all" else classes
    absent = () if noise else ("permuted", "restored")
    kinds = [kind for kind in experiment["analysis"]["kinds"] if kind not in absent]
    kinds += experiment["analysis"]["controls"]
    per_class = experiment["analysis"]["per_class"] or _PER_CLASS
    return AnalysisSize(classes, per_class, len(kinds))


def states_kept(experiment):
    """Training states on disk at once: those asked for, the first, best and last, two to resume."""
    return len({*kept_epochs(experiment), 0, experiment["training"]["epochs"]}) + 3


def geometry_rows(analysis_set, layers):
    """Rows of the geometry of one network at one epoch."""
    return layers * analysis_set.kinds * analysis_set.classes * _MEASURES


def activations_bytes(experiment, analysis_set, features):
    """Bytes of one activations file.

    Parameters
    ----------
    features : sequence of int
        Of every analysed layer.
    """
    p, m = analysis_set.classes, analysis_set.per_class
    products = len(features) * (p * m * m + p * p + p * p * m) * 8
    stored = experiment["analysis"]["store"]
    gram = len(features) * (p * m) ** 2 * 8 if stored in ("gram", "raw") else 0
    raw = sum(features) * p * m * 4 if stored == "raw" else 0
    return analysis_set.kinds * (products + gram + raw)


def rewind_rows(experiment, network):
    """Rows of a rewinding table of one network."""
    rewind = experiment["rewind"]
    networks = len(rewind["epochs"]) * (2 + len(rewind["schemes"]) * network.weighted)
    return networks * 4 * len(rewind["batch_norm"])
