"""Functions named by import path, `package.module:function`, imported and called by the jobs."""

import importlib
import os
import sys
import traceback

from geomem.errors import GeomemError, InputError


def is_path(name):
    """Whether a name is an import path."""
    return isinstance(name, str) and ":" in name


def imported(path):
    """The object that an import path names; for jobs, since it runs the user's module.

    Raises
    ------
    InputError
        If the module cannot be imported or has nothing of that name.
    """
    module, _, name = path.partition(":")
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:
        raise InputError(f"{path!r} cannot be imported: {described(error)}") from error
    if not callable(found):
        raise InputError(f"{path!r}: {module} has no function {name}")
    return found


def called(path, /, *arguments, **settings):
    """What the function of an import path returns; an error in a user's becomes an InputError."""
    function = imported(path)
    try:
        return function(*arguments, **settings)
    except GeomemError:
        raise
    except Exception as error:
        if path.startswith("geomem."):
            raise
        raise InputError(f"{path!r} failed: {described(error)}") from error


def described(error):
    """An error's kind, message and the place that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
