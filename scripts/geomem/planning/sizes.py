"""How many images, classes and bytes an experiment comes to, from its settings alone."""

import itertools
from dataclasses import dataclass
from math import prod
from pathlib import Path

from geomem.config.experiments import kept_epochs

_CIFAR = {"cifar10": 10, "cifar100": 100}
_BYTES_PER_ROW = 30  # of a table in Parquet, measured: 20 to 40
_FIGURE_BYTES = 400_000  # png and svg
_EXPLORER_BYTES = 1_200_000  # most of it script
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
    without it, as their first one (64 pixels a side where there is none yet).
    """
    name = data["name"]
    if name == "glyphs":
        classes = data["classes"]
        train, test = classes * data["train_per_class"], classes * data["test_per_class"]
        return DataSize(train, test, classes, (1, 32, 32))
    if name in _CIFAR:
        classes = _CIFAR[name]
        train = classes * (data.get("train_per_class") or 50_000 // classes)
        return DataSize(train, 10_000, classes, (3, 32, 32))
    folder = Path(data["path"]).expanduser()
    shape = 3, *([data["size"]] * 2 if data.get("size") else _first_image(folder / "train"))
    train, classes = _count(folder / "train", data.get("train_per_class"))
    if name == "tiny-imagenet":
        return DataSize(train, classes * 50, classes, shape)
    return DataSize(train, _count(folder / "test", None)[0], classes, shape)


def _count(folder, per_class):
    """Images (at most so many per class) and classes below a folder; (0, 0) if there is none."""
    if not folder.is_dir():
        return 0, 0
    counts = [
        sum(1 for path in each.rglob("*") if path.is_file())
        for each in folder.iterdir()
        if each.is_dir()
    ]
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
class ProbeSize:
    """The analysed images: P classes, M images of each, and how many kinds of manifolds."""

    classes: int
    per_class: int
    kinds: int

    @property
    def images(self):
        return self.classes * self.per_class * self.kinds


def probe_size(experiment, size, noise):
    """The size of an experiment's probe set at one label noise."""
    classes = experiment["analysis"]["classes"]
    classes = size.classes if classes == "all" else classes
    absent = () if noise else ("permuted", "restored")
    kinds = [kind for kind in experiment["analysis"]["kinds"] if kind not in absent]
    kinds += experiment["analysis"]["controls"]
    return ProbeSize(classes, experiment["analysis"]["per_class"], len(kinds))


def states_kept(experiment):
    """Training states on disk at once: those asked for, the first, best and last, two to resume."""
    return len({*kept_epochs(experiment), 0, experiment["training"]["epochs"]}) + 3


def geometry_rows(probe, layers):
    """Rows of the geometry of one network at one epoch."""
    return layers * probe.kinds * probe.classes * _MEASURES


def activations_bytes(experiment, probe, features):
    """Bytes of one activations file.

    Parameters
    ----------
    features : sequence of int
        Of every analysed layer.
    """
    p, m = probe.classes, probe.per_class
    products = len(features) * (p * m * m + p * p + p * p * m) * 8
    stored = experiment["analysis"]["store"]
    gram = len(features) * (p * m) ** 2 * 8 if stored in ("gram", "raw") else 0
    raw = sum(features) * p * m * 4 if stored == "raw" else 0
    return probe.kinds * (products + gram + raw)


def _rewind_rows(experiment, network):
    rewind = experiment["rewind"]
    networks = len(rewind["epochs"]) * (2 + len(rewind["schemes"]) * network.weighted)
    return networks * 4 * len(rewind["batch_norm"])


def result_bytes(rule, experiment, size, probe, network):
    """Bytes that one job of a rule leaves behind.

    Parameters
    ----------
    probe, network : ProbeSize, NetworkRates, or None where the rule has none
    """
    rows = {
        "labels": lambda: size.train,
        "probe": lambda: probe.images,
        "geometry": lambda: geometry_rows(probe, len(network.features)),
        "rewind": lambda: _rewind_rows(experiment, network),
        "gradients": lambda: len(network.features) * 50 * len(experiment["gradients"]["epochs"]),
    }
    if rule in rows:
        return rows[rule]() * _BYTES_PER_ROW
    other = {
        "images": lambda: size.bytes,
        "train": lambda: states_kept(experiment) * network.state_bytes,
        "snapshot": lambda: network.weight_bytes,
        "activations": lambda: activations_bytes(experiment, probe, network.features),
        "figure": lambda: _FIGURE_BYTES,
        "explorer": lambda: _EXPLORER_BYTES,
    }
    return other[rule]() if rule in other else 0
