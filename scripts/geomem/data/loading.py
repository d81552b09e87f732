"""Images from the loader that an import path names."""

import inspect
import os
from dataclasses import replace

import numpy as np

from geomem.data.image_sets import ImageSet, checked
from geomem.errors import InputError
from geomem.functions import called, imported

_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels", "class_names")


def load_data(spec):
    """Draw or load a data set.

    Parameters
    ----------
    spec : dict
        `load`, import path of a function; `name`, that of the data set; and the keywords that the
        function is called with.

    Returns
    -------
    ImageSet

    Raises
    ------
    InputError
        If a setting is unknown or missing, or the data cannot be used.
    """
    settings = dict(spec)
    normalize = settings.pop("normalize", None)
    path, name = settings.pop("load"), settings.pop("name")
    parameters = inspect.signature(imported(path)).parameters.values()
    known = [parameter.name for parameter in parameters]
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    for key in settings:
        if key not in known and not takes_any:
            raise InputError(f"data.{key} is not a setting of {name}; expected {', '.join(known)}")
    for parameter in parameters:
        optional = parameter.default is not parameter.empty or parameter.kind in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        )
        if parameter.name not in settings and not optional:
            raise InputError(f"data.{parameter.name} is missing; {name} needs it")
    if isinstance(settings.get("path"), str):
        settings["path"] = os.path.expanduser(settings["path"])
    try:
        found = checked(as_image_set(called(path, **settings), path), f"data set {name}")
        return found if normalize is None else normalized(found, normalize)
    except PermissionError as error:
        raise InputError(
            f"data.path: {error.filename} may not be read (or, for a download, written) by this "
            "user; change its permissions"
        ) from error


def normalized(images, normalize):
    """An ImageSet that networks are given with the mean and standard deviation that a user names.

    Parameters
    ----------
    images : ImageSet
    normalize : dict
        `mean` and `std`, a number for each channel, on the scale 0 to 1.

    Raises
    ------
    InputError
        If there are not as many as channels.
    """
    values = [normalize["mean"], normalize["std"]]
    channels = images.image_shape[0]
    if {len(each) for each in values} != {channels}:
        raise InputError(
            f"data.normalize has {len(values[0])} means and {len(values[1])} deviations; the "
            f"images have {channels} channels: give one of each for every channel"
        )
    return replace(images, normalization=255 * np.array(values, dtype=np.float64))


def as_image_set(found, path):
    """What a loader returned, as an ImageSet.

    Parameters
    ----------
    found : ImageSet, dict or tuple of arrays
        `train_images` (n, C, H, W) of uint8, `train_labels` (n,) from 0, `test_images`,
        `test_labels`, and if wanted `class_names`: by name or in this order.
    path : str
        The loader's import path, for messages.
    """
    if isinstance(found, ImageSet):
        return found
    if isinstance(found, tuple | list):
        found = dict(zip(_ARRAYS, found, strict=False))
    if not isinstance(found, dict) or not set(_ARRAYS[:4]) <= set(found):
        raise InputError(
            f"{path!r} returned something else than images and labels; expected a tuple or dict of "
            f"{', '.join(_ARRAYS[:4])} and, if wanted, {_ARRAYS[4]}"
        )
    arrays = {name: np.asarray(found[name]) for name in _ARRAYS if name in found}
    for name in ("train_labels", "test_labels"):
        if arrays[name].dtype.kind not in "iu":
            raise InputError(f"{path!r}: {name} are {arrays[name].dtype}; expected whole numbers")
        arrays[name] = arrays[name].astype(np.int64)
    if "class_names" not in arrays:
        count = max(int(arrays[name].max(initial=-1)) for name in ("train_labels", "test_labels"))
        arrays["class_names"] = np.array([str(number) for number in range(count + 1)])
    return ImageSet(**arrays)
