"""Statements about the claims, with the functions that measure their effects.

The statements themselves are entries of `geomem.registry.claims`.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geomem.claims.errors import NotMeasuredError
from geomem.errors import InputError
from geomem.functions import called, imported


@dataclass(frozen=True)
class Statement:
    """One statement with the functions that `geomem.registry.claims.Target` names.

    Attributes
    ----------
    name, claim, statement, bound, value, source, sweep, estimated
        As there.
    effect : callable
        Of a `View`, or of a list of them over widths if `sweep`.
    needs : tuple of callables
        Of (view or views, settings); each raises NotMeasuredError where a condition fails.
    """

    name: str
    claim: str
    statement: str
    effect: Callable
    bound: str
    value: float
    source: str
    needs: tuple = ()
    sweep: bool = False
    estimated: bool = False


def resolved(target):
    """The `Statement` of a target, a dict as `geomem.registry.claims.targets_of` gives it."""
    path = target["effect"]
    effect = imported(path)
    if target["arguments"]:
        effect = effect(*target["arguments"])
    elif not path.startswith("geomem."):
        effect = functools.partial(_checked, path, target["sweep"])
    needs = tuple(NEEDS[name] for name in target["needs"])
    names = ("name", "claim", "statement", "bound", "value", "source", "sweep", "estimated")
    return Statement(**{key: target[key] for key in names}, effect=effect, needs=needs)


def _checked(path, sweep, given):
    """The effect by a user's function, which may fail or return something else than it should."""
    returned = called(path, given)
    try:
        found = np.asarray(returned, float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path!r} returned no array of numbers: {error}") from error
    count = given[0].count if sweep else given.count
    if found.shape != (count,):
        raise InputError(
            f"{path!r} returned an array of shape {found.shape}; expected ({count},), a number for "
            "each replicate"
        )
    return found


def memorized(view, settings):
    """The last network gives most permuted examples their assigned label."""
    found = view.accuracy("last", "permuted")[0]
    if found < settings["memorized"]:
        raise NotMeasuredError(
            f"not memorized (permuted accuracy {found:.2f} at the last epoch is below "
            f"claims.memorized = {settings['memorized']:g}); train longer, or a wider network"
        )


def overfitted(view, settings):
    """A part of the best epoch's test accuracy was lost."""
    lost = (1 - view.accuracy("last", "test") / view.accuracy("best", "test"))[0]
    if lost < settings["lost"]:
        raise NotMeasuredError(
            f"nothing to recover: {lost:.3f} of the best test accuracy was lost, less than "
            f"claims.lost = {settings['lost']:g}"
        )


def wide_enough(views, settings):
    """At least four widths, the widest of which memorized."""
    if len(views) < 4:
        raise NotMeasuredError(f"{len(views)} widths; a dip over width takes at least 4")
    memorized(views[-1], settings)


def noiseless(view, settings):
    """No label was replaced."""
    if view.run.noise:
        raise NotMeasuredError("about networks trained without label noise")


NEEDS = {need.__name__: need for need in (memorized, overfitted, wide_enough, noiseless)}
