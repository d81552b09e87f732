"""The data sets: loader, keys of the configuration's section `data`, and size where it is known.

A loader is a function of the section's keys, given as keywords, that returns images and labels (see
`geomem.data.loading`). `data.name` is an entry's name or a function of the user's own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from geomem.registry import own

_SEED = {
    "description": "seed of the drawings",
    "type": "integer",
    "minimum": 0,
    "maximum": 2**32 - 1,
}
_PATH = {"description": "folder of the data set", "type": "string", "minLength": 1}
_SIZE = {
    "description": "side in pixels to resize to; null keeps the images as they are",
    "type": ["integer", "null"],
    "minimum": 4,
    "maximum": 512,
}
_FIRST = {
    "description": "use only the first so many training images per class; null uses all",
    "type": ["integer", "null"],
    "minimum": 1,
}
_DOWNLOAD = {"description": "fetch the archive when it is missing", "type": "boolean"}


def _count(description, least, most):
    return {"description": description, "type": "integer", "minimum": least, "maximum": most}


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes
    ----------
    name : str
    load : str
        Import path of the loader.
    description : str
    keys : dict of str to dict
        JSON Schema of each key of the section besides `name`.
    required : tuple of str
        Keys that must be given.
    known : callable, optional
        Of the section: (training images, test images, classes, (C, H, W)), known without a look at
        any file.
    assumed : tuple of int
        Training images, test images and classes that planning takes it to have where `known` is not
        given: counting files at every start would take too long.
    test_per_class : int, optional
        Where the test images are counted by class instead of by files.
    by_class : bool
        Whether the folder `path` holds train/CLASS/* and test/CLASS/*.
    watched : bool
        Whether a change of the files in the folder `path` makes the images again.
    """

    name: str
    load: str
    description: str = ""
    keys: dict = field(default_factory=dict)
    required: tuple = ()
    known: Callable | None = None
    assumed: tuple = (100_000, 10_000, 100)
    test_per_class: int | None = None
    by_class: bool = False
    watched: bool = False


def _glyphs(data):
    classes = data["classes"]
    each = data["train_per_class"], data["test_per_class"]
    size = data.get("size", 32)
    return *(classes * count for count in each), classes, (1, size, size)


def _cifar(classes):
    def known(data):
        train = classes * (data.get("train_per_class") or 50_000 // classes)
        return train, 10_000, classes, (3, 32, 32)

    return known


def _cifar_entry(name, classes):
    return DataSet(
        name,
        load=f"geomem.data.torchvision_sets:{name}",
        description="CIFAR-10 or CIFAR-100, read by torchvision with its checksums",
        keys={"path": _PATH, "download": _DOWNLOAD, "train_per_class": _FIRST},
        required=("path", "download"),
        known=_cifar(classes),
    )


DATASETS = {
    entry.name: entry
    for entry in (
        DataSet(
            "glyphs",
            load="geomem.data.glyphs:make_glyphs",
            description="characters drawn with the fonts that matplotlib ships, grey",
            keys={
                "classes": _count("number of characters", 2, 98),
                "train_per_class": _count("training images per class", 1, 100_000),
                "test_per_class": _count("test images per class", 1, 100_000),
                "size": {"description": "side in pixels (default 32)", "enum": [8, 16, 32]},
                "distortion": {
                    "description": "factor of rotation, shear, size, shift and stray lines, 0 to 1",
                    "type": "number",
                    "minimum": 0,
                    "maximum": 1,
                },
                "seed": _SEED,
            },
            required=("classes", "train_per_class", "test_per_class", "seed"),
            known=_glyphs,
        ),
        _cifar_entry("cifar10", 10),
        _cifar_entry("cifar100", 100),
        DataSet(
            "tiny-imagenet",
            load="geomem.data.folders:load_tiny_imagenet",
            description="its own layout: train/WNID/images, val/images, val_annotations.txt",
            keys={"path": _PATH, "size": _SIZE, "train_per_class": _FIRST},
            required=("path",),
            assumed=(100_000, 10_000, 200),
            test_per_class=50,
            watched=True,
        ),
        DataSet(
            "image-folder",
            load="geomem.data.folders:load_image_folder",
            description="your own images, as train/CLASS/* and test/CLASS/*",
            keys={"path": _PATH, "size": _SIZE, "train_per_class": _FIRST},
            required=("path",),
            by_class=True,
            watched=True,
        ),
    )
}


def find(name):
    """The DataSet of an entry's name or of a user's `package.module:function`."""
    if name in DATASETS:
        return DATASETS[name]
    own.locate(name)
    return DataSet(name, load=name)


def load_spec(data):
    """What loads the images of a `data` section: the section with the import path `load`."""
    return {**data, "load": find(data["name"]).load}
