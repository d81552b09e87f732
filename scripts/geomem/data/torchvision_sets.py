"""CIFAR-10 and CIFAR-100 through torchvision, which checks every file against a known checksum."""

from pathlib import Path

import numpy as np

from geomem.data.image_sets import ImageSet, first_per_class
from geomem.errors import InputError


def cifar10(*, path, download=False, train_per_class=None):
    """Load CIFAR-10; see `load_cifar`."""
    return load_cifar("cifar10", path, download, train_per_class)


def cifar100(*, path, download=False, train_per_class=None):
    """Load CIFAR-100; see `load_cifar`."""
    return load_cifar("cifar100", path, download, train_per_class)


def load_cifar(name, path, download=False, train_per_class=None):
    """Load CIFAR-10 or CIFAR-100.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}
    path : path
        Folder that holds the archive (unpacked there on first use) or the unpacked files.
    download : bool
        Fetch the archive when it is not there.
    train_per_class : int, optional
        Keep the first so many training images of every class.

    Returns
    -------
    ImageSet
        Colour images of 32 x 32 pixels.

    Raises
    ------
    InputError
        If the files are missing or fail their checksum.
    """
    from torchvision import datasets

    dataset = {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"data.path {folder} is a file; expected the folder that holds {name}")
    train, test = (_load(dataset, folder, split, name, download) for split in (True, False))
    keep = first_per_class(train.targets, train_per_class, name)
    return ImageSet(
        _channels_first(train.data[keep]),
        np.asarray(train.targets, dtype=np.int64)[keep],
        _channels_first(test.data),
        np.asarray(test.targets, dtype=np.int64),
        np.array(train.classes),
    )


def _load(dataset, folder, train, name, download):
    from torchvision.datasets.utils import check_integrity

    archive = folder / dataset.filename
    # With a good archive at hand torchvision's "download" only unpacks it.
    intact = check_integrity(str(archive), dataset.tgz_md5)
    try:
        return dataset(str(folder), train=train, download=download or intact)
    except RuntimeError as error:
        state = "is damaged (its MD5 checksum is wrong)" if archive.exists() else "is not there"
        raise InputError(
            f"data.path {folder}: no intact files of {name} in {dataset.base_folder}/, and the "
            f"archive {archive} {state}; set data.download to true, or fetch {dataset.url} "
            f"(MD5 {dataset.tgz_md5}) into that folder"
        ) from error
    except OSError as error:
        if not download:
            raise
        raise InputError(
            f"{name} could not be downloaded from {dataset.url} to {folder} ({error}); fetch it "
            "yourself into that folder, or try again"
        ) from error


def _channels_first(images):
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
