"""Packages that import a name when it is first asked for."""

import importlib
import sys


def attributes(package, homes):
    """`__getattr__` and `__dir__` of such a package.

    Parameters
    ----------
    package : str
        Its `__name__`.
    homes : dict of str to str
        The module of each name, below the package. `geomem.config.code` reads it where it is
        called `_HOMES`, so that a job depends on the modules of the names it imports.
    """

    def attribute(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)

    def names():
        return [*vars(sys.modules[package]), *homes]

    return attribute, names
