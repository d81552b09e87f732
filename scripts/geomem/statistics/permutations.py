"""Permutations for tests: swaps within pairs and splits into groups, all of them where few."""

import itertools
import math

import numpy as np


def swaps(n_pairs, permutations, rng):
    """Which pairs are swapped.

    Parameters
    ----------
    n_pairs : int
    permutations : int
        How many are drawn where there are more than that beside the identity.
    rng : numpy.random.Generator

    Returns
    -------
    everything : bool
        Whether these are all swaps there are, each once.
    swapped : ndarray of bool, shape (count, n_pairs)
    """
    if 2**n_pairs <= permutations + 1:
        return True, np.array(list(itertools.product((False, True), repeat=n_pairs)))
    return False, rng.random((permutations, n_pairs)) < 0.5


def splits(n_units, size, permutations, rng):
    """Who belongs to the first of two groups.

    Parameters
    ----------
    n_units, size : int
        Of both groups together, and of the first.
    permutations, rng
        See `swaps`.

    Returns
    -------
    everything : bool
        Whether these are all splits there are, each once.
    first : ndarray of bool, shape (count, n_units)
    """
    everything = math.comb(n_units, size) <= permutations + 1
    if everything:
        chosen = np.array(list(itertools.combinations(range(n_units), size)))
    else:
        orders = np.tile(np.arange(n_units), (permutations, 1))
        chosen = rng.permuted(orders, axis=1)[:, :size]
    first = np.zeros((len(chosen), n_units), dtype=bool)
    np.put_along_axis(first, chosen, True, axis=1)
    return everything, first


def p_value(found, observed, everything, rounding=0.0):
    """Fraction of permuted statistics at least as large; the observed one counts among them.

    Parameters
    ----------
    found : ndarray
        Statistics of permutations.
    observed : float
    everything : bool
        Whether `found` is of all permutations, the identity included.
    rounding : float
        Statistics that are as close to the observed one are equal to it.
    """
    beyond = int((found >= observed - rounding).sum())
    return beyond / len(found) if everything else (1 + beyond) / (1 + len(found))


def compared(first, second, statistic, *, paired, permutations, rng):
    """P-value (two-sided) of a difference, by swapping within pairs or between groups.

    Parameters
    ----------
    first, second : ndarrays, shape (n,) and (m,)
        Numbers of the units; m = n and the same order in pairs.
    statistic : callable
        Of an array (..., n): the number of a condition, over the last axis.
    paired : bool
    permutations : int
    rng : numpy.random.Generator

    Returns
    -------
    float
        NaN where a number is not finite.
    """
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return np.nan
    sides = float(statistic(first)), float(statistic(second))
    observed = abs(sides[1] - sides[0])
    if paired:
        everything, moved = swaps(len(first), permutations, rng)
        change = statistic(np.where(moved, first, second)) - statistic(
            np.where(moved, second, first)
        )
    else:
        pool = np.concatenate([first, second])
        everything, chosen = splits(len(pool), len(first), permutations, rng)
        pools = np.broadcast_to(pool, chosen.shape)
        count = len(chosen)
        one, other = (pools[mask].reshape(count, -1) for mask in (chosen, ~chosen))
        change = statistic(other) - statistic(one)
    rounding = 1e-12 * max(map(abs, sides))
    return p_value(np.abs(change), observed, everything, rounding)
