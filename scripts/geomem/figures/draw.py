"""Draw a figure by the function that an import path names."""

import inspect

import pandas as pd
from matplotlib.figure import Figure

from geomem.errors import InputError
from geomem.figures import seeds, style
from geomem.functions import called, imported


def draw(path, inputs, spec):
    """Draw a figure.

    Parameters
    ----------
    path : str
        Import path of a function of tables; its positional arguments are named after them, its
        keyword arguments are its settings.
    inputs : dict of str to DataFrame (for "images", dict of arrays)
    spec : dict
        The figure's settings, and `width` and `noise` (a number or a list) to show only those.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    InputError
        For an unknown setting, a width or noise that the tables do not have, or a user's function
        that fails.
    """
    names, options = signature(path)
    settings = dict(spec)
    where = {}
    if any(_is_collected(inputs[name]) for name in names):
        where = {key: settings.pop(key, None) for key in ("width", "noise")}
        inputs = {
            name: seeds.select(table, **where) if _is_collected(table) else table
            for name, table in inputs.items()
        }
    if unknown := sorted(set(settings) - set(options)):
        known = ", ".join((*where, *options)) or "nothing"
        raise InputError(f"spec: {path!r} knows no {unknown[0]!r}; it takes {known}")
    with style.shared():
        figure = called(path, *(inputs[name] for name in names), **settings)
    if not isinstance(figure, Figure):
        raise InputError(
            f"{path!r} returned {type(figure).__name__}; expected a matplotlib.figure.Figure"
        )
    return figure


def signature(path):
    """Names of a drawing function's inputs, and of its settings."""
    found = inspect.signature(imported(path)).parameters.values()
    options = tuple(p.name for p in found if p.kind is p.KEYWORD_ONLY)
    return tuple(p.name for p in found if p.kind is not p.KEYWORD_ONLY), options


def _is_collected(given):
    """Whether it is a table of an experiment, with a row's width and noise in it."""
    return isinstance(given, pd.DataFrame) and {"width", "noise"} <= set(given.columns)
