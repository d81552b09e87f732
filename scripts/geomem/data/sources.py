"""Data sets by name, as the configuration's `data` section asks for them."""

from geomem.data.loading import load_data
from geomem.errors import InputError
from geomem.registry.datasets import DATASETS, load_spec
from geomem.registry.own import is_own


def make_images(data):
    """Draw or load the data set that a `data` section describes.

    Parameters
    ----------
    data : dict
        `name`, an entry of `geomem.registry.datasets` or an import path, and its settings.

    Returns
    -------
    ImageSet

    Raises
    ------
    InputError
        If the name or a setting is unknown or missing, or the data cannot be used.
    """
    name = data.get("name")
    if name not in DATASETS and not is_own(name):
        raise InputError(f"data.name is {name!r}; expected one of {', '.join(DATASETS)}")
    return load_data(load_spec(data))
