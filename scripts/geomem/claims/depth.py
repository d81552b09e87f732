"""Regions of a network: one rule for all targets.

Layers are counted in the network, the input and the pools included, whether they were analysed or
not: layer i of n lies in the first half if i < n / 2 and in the last third if i >= 2 n / 3.
"""

import numpy as np

from geomem.claims.errors import NotMeasuredError


def first_half(index, n_layers):
    """Which layers lie in the first half, ndarray of bool."""
    return 2 * np.asarray(index) < n_layers


def second_half(index, n_layers):
    """Which layers lie in the second half, ndarray of bool."""
    return ~first_half(index, n_layers)


def last_third(index, n_layers):
    """Which layers lie in the last third, ndarray of bool."""
    return 3 * np.asarray(index) >= 2 * n_layers


def last_third_whole(index, n_layers):
    """The last third where what counts is how it begins: its first layer may not be missing."""
    return last_third(index, n_layers)


def final(index, n_layers):
    """Which layer is the last one, ndarray of bool."""
    return np.asarray(index) == n_layers - 1


def every(index, n_layers):
    """All layers, ndarray of bool."""
    return np.asarray(index) >= 0


def weighted(rows):
    """Layers with parameters, as a table's rows of one network say, frozenset of int."""
    return frozenset(map(int, rows["weighted_layers"].iloc[0].split(",")))


NAMES = {
    first_half: "every layer of the first half",
    second_half: "every layer of the second half",
    last_third: "every layer of the last third",
    last_third_whole: "the first layer of the last third and those after it",
    final: "the final layer",
    every: "every layer",
}


def select(region, index, n_layers, weighted):
    """Positions of a region's layers among those analysed.

    The input and the pools, which have no parameters, may be missing.

    Parameters
    ----------
    region : callable
        A key of `NAMES`.
    index : ndarray of int, shape (L,)
        Of the layers analysed.
    n_layers : int
    weighted : set of int
        Layers with parameters.

    Returns
    -------
    ndarray of int

    Raises
    ------
    NotMeasuredError
        If a layer with parameters, the final one, or that where `last_third_whole` begins was not
        analysed, or no layer of the region was.
    """
    needed = {*weighted, n_layers - 1}
    if region is last_third_whole:
        needed.add(min((i for i in range(n_layers) if last_third(i, n_layers)), default=0))
    require(region, index, n_layers, needed, "analysis.layers")
    found = np.flatnonzero(region(index, n_layers))
    if not len(found):
        raise NotMeasuredError(
            f"needs {NAMES[region]}, and of {n_layers} layers (the input is one) none that was "
            "measured lies there"
        )
    return found


def require(region, index, n_layers, needed, key):
    """Raise NotMeasuredError if layers that are needed in a region are not among `index`.

    Parameters
    ----------
    region : callable
        A key of `NAMES`.
    index : ndarray of int
    n_layers : int
    needed : set of int
    key : str
        Of the configuration, which leaves them out.
    """
    missing = sorted(i for i in needed - set(index.tolist()) if region(i, n_layers))
    if missing:
        listed = ", ".join(map(str, missing))
        raise NotMeasuredError(
            f"needs {NAMES[region]}, of which {key} leaves out number {listed} "
            f"(of {n_layers}, the input is 0)"
        )
