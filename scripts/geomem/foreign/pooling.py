"""What a pooling of arrays may say, in a manifest, a call or a recorder.

Importing this imports the standard library alone: the Snakefile reads manifests.
"""

import numbers
import re

from geomem.errors import InputError

POOLINGS = ("none", "mean", "max", "first", "last")


def require_pooling(where, pooling, axis=(), shown=None):
    """Raise InputError unless a pooling and its dimensions fit each other.

    Parameters
    ----------
    where : str
        What the message calls their place.
    pooling : str
        One of `POOLINGS` or an index.
    axis : tuple
        Of dimensions; the first, 0, is that of the points.
    shown : str, optional
        The axis as it was written.
    """
    shown = repr(axis) if shown is None else repr(shown)
    if pooling not in POOLINGS and not re.fullmatch(r"[0-9]+", str(pooling)):
        raise InputError(
            f"{where}: pooling is {pooling!r}; expected {', '.join(POOLINGS)}, or an index"
        )
    if not all(isinstance(number, numbers.Integral) and number >= 1 for number in axis):
        raise InputError(
            f"{where}: axis is {shown}; expected dimensions from 1 up, such as 1, or 2 and 3 "
            "(dimension 0 is that of the points)"
        )
    if len(axis) and pooling == "none":
        raise InputError(f"{where}: axis is {shown} without a pooling; add it or leave axis out")
    if len(set(axis)) < len(axis):
        raise InputError(f"{where}: axis is {shown}; name each dimension once")
    if len(axis) > 1 and pooling not in ("mean", "max"):
        raise InputError(f"{where}: pooling {pooling} takes one axis, and axis is {shown}")
