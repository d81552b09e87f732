"""Where a result came from, as a plain dictionary that every result file carries."""

import importlib.metadata
import platform
from pathlib import Path

from geomem import __version__
from geomem.storage.atomic import digest

PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "matplotlib", "numba", "torch", "torchvision")


def provenance(stage, spec, inputs=(), *, device="cpu"):
    """Describe a result about to be written.

    It holds what decides the result. Times and places are in logs and benchmarks.

    Parameters
    ----------
    stage : str
        Name of the rule or command.
    spec : dict
        The settings that determined the result.
    inputs : iterable of path
        Files it was made from; their SHA-256 digests are recorded. Of a folder, as a .zarr is,
        those of all files in it.
    device : str
        Where it was computed.
    """
    return {
        "stage": stage,
        "spec": spec,
        "inputs": {str(file): digest(file) for path in inputs for file in _files(Path(path))},
        "geomem": __version__,
        "python": platform.python_version(),
        "packages": _versions(),
        "device": device,
    }


def _files(path):
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _versions():
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
