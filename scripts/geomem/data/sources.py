"""Data sets by name, as the configuration's `data` section asks for them."""

import functools
import inspect
import os

from geomem.data.folders import load_image_folder, load_tiny_imagenet
from geomem.data.glyphs import make_glyphs
from geomem.data.image_sets import checked
from geomem.data.torchvision_sets import load_cifar
from geomem.errors import InputError

SOURCES = {
    "glyphs": make_glyphs,
    "cifar10": functools.partial(load_cifar, name="cifar10"),
    "cifar100": functools.partial(load_cifar, name="cifar100"),
    "tiny-imagenet": load_tiny_imagenet,
    "image-folder": load_image_folder,
}


def make_images(spec):
    """Draw or load the data set that `spec` describes.

    Parameters
    ----------
    spec : dict
        `name`, one of `SOURCES`, and that source's settings.

    Returns
    -------
    ImageSet

    Raises
    ------
    InputError
        If a setting is unknown or missing, or the data cannot be used.
    """
    settings = dict(spec)
    name = settings.pop("name", None)
    if name not in SOURCES:
        raise InputError(f"data.name is {name!r}; expected one of {', '.join(SOURCES)}")
    parameters = dict(inspect.signature(SOURCES[name]).parameters)
    parameters.pop("name", None)
    for key in settings:
        if key not in parameters:
            raise InputError(
                f"data.{key} is not a setting of {name}; expected {', '.join(parameters)}"
            )
    if "path" in parameters and not settings.get("path"):
        raise InputError(f"data.path is missing; set it to the folder that holds {name}")
    if settings.get("path"):
        settings["path"] = os.path.expanduser(settings["path"])
    try:
        return checked(SOURCES[name](**settings), f"data set {name}")
    except PermissionError as error:
        raise InputError(
            f"data.path: {error.filename} may not be read (or, for a download, written) by this "
            "user; change its permissions"
        ) from error
