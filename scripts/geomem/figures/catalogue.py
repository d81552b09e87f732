"""The figures by name, with the tables each is drawn from."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from geomem.errors import InputError
from geomem.figures import (
    accuracy,
    change,
    depth,
    epochs,
    gradients,
    localization,
    rewind,
    samples,
    seeds,
    simulation,
    width,
)


@dataclass(frozen=True)
class Entry:
    """A drawing function and the names of its inputs, in its order of arguments."""

    draw: Callable
    inputs: tuple[str, ...]

    @property
    def options(self):
        """Names of the settings the function takes."""
        kinds = inspect.signature(self.draw).parameters.values()
        return tuple(p.name for p in kinds if p.kind is p.KEYWORD_ONLY)


FIGURES = {
    "samples": Entry(samples.draw, ("images", "labels")),
    "accuracy": Entry(accuracy.draw, ("accuracy",)),
    "depth": Entry(depth.draw, ("geometry", "accuracy")),
    "change": Entry(change.draw, ("geometry", "accuracy")),
    "epochs": Entry(epochs.draw, ("geometry", "accuracy")),
    "rewind": Entry(rewind.draw, ("rewind", "accuracy")),
    "width": Entry(width.draw, ("accuracy", "geometry")),
    "gradients": Entry(gradients.draw, ("gradients", "accuracy")),
    "simulation": Entry(simulation.draw, ("simulation", "accuracy")),
    "localization": Entry(localization.draw, ("rewind", "gradients", "accuracy")),
}
TABLES = ("accuracy", "geometry", "rewind", "gradients", "simulation")


def draw(name, inputs, spec):
    """Draw a figure.

    Parameters
    ----------
    name : str
        A key of `FIGURES`.
    inputs : dict of str to DataFrame (for "images", dict of arrays)
    spec : dict
        The figure's settings, and `width` and `noise` (a number or a list) to show only those.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    InputError
        For an unknown setting, or a width or noise that the tables do not have.
    """
    entry = FIGURES[name]
    settings = dict(spec)
    where = {}
    if set(entry.inputs) & set(TABLES):
        where = {key: settings.pop(key, None) for key in ("width", "noise")}
        inputs = {key: seeds.select(table, **where) for key, table in inputs.items()}
    unknown = sorted(set(settings) - set(entry.options))
    if unknown:
        known = ", ".join((*where, *entry.options)) or "nothing"
        raise InputError(f"spec: figure {name!r} knows no {unknown[0]!r}; it takes {known}")
    return entry.draw(*(inputs[key] for key in entry.inputs), **settings)
