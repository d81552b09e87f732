"""The low-rank structure as the minimum of one objective over K and the directions together.

Half the sum of squared cosines of the residual centres, minus BARRIER times the sum of the
logarithms of what is left of their squared lengths. A direction that only a few centres have in
common costs more of their lengths than it takes off the cosines, so the objective rises again
after the shared directions are off, and K needs no rule of its own. docs/low-rank.md compares
values of BARRIER, and other rules, with simulated capacity.

The search is a function of the centres alone: its random starts come from a fixed seed, and the
caller puts the manifolds in an order of their own. Rotating, scaling or reordering the data
therefore changes nothing but rounding.
"""

import numpy as np
from scipy.special import ndtri

from geomem.geometry.center_fits import (
    SAME,
    descend,
    difference_error,
    distinct,
    strongest,
    with_direction,
)

BARRIER = 0.25
SEED = 0  # of the random starts
# decrease of the objective in a Newton step to stop at, and the most steps
ROUGH = (1e-2, 60)  # to tell which K may be the best: objectives differ by 0.1 to 10
COARSE = (1e-3, 40)
FINE = (1e-8, 300)  # to tell minima of one K apart
NEAR = 0.1  # above the least objective after a rough descent: may be the least after a fine one
CLOSE = 0.02  # the same after a fine descent: may be the least after other starts
ENOUGH = 3  # that must end in the lowest minimum before the search believes it
ROUNDS = 4  # of random starts at most, where fewer did
BEYOND = 2  # numbers of directions tried after the last plausible one


def search(x, run, *, starts, k, confidence):
    """Minima for every number of directions from 0 up.

    Parameters
    ----------
    x : ndarray, shape (P, r)
    run : callable
        `map` that returns a list.
    starts : int
        Random starts a round for each K that may be the best.
    k : int or "auto"
        A number: minima with up to so many directions, of which those with k are searched.
    confidence : float
        Of the set of plausible fits.

    Returns
    -------
    levels : list of list of Fit
        By K, then by rising objective.
    hits : int
        Descents that ended in the lowest minimum with the K chosen; 1 where no other start
        confirmed it. K = 0 has one minimum and needs no confirmation.
    """
    levels = [[descend(x, np.zeros((x.shape[1], 0)), BARRIER, *FINE)]]
    last = x.shape[1] - 2 if k == "auto" else k
    worse = 0
    while len(levels) <= last:
        levels.append([_one_more(x, levels[-1][0].v)])
        if k == "auto":
            worse = 0 if is_plausible(levels[-1][0], lowest(levels), confidence) else worse + 1
            if worse == BEYOND:
                break
    hits = {0: ENOUGH}
    polished = {0}
    while True:
        best = lowest(levels) if k == "auto" else levels[k][0]
        if best.k not in hits:
            hits[best.k] = _settle(x, levels, best.k, run, starts)
            polished.add(best.k)
            continue
        rivals = [fits[0] for fits in levels] if k == "auto" else []
        unpolished = [
            rival
            for rival in rivals
            if rival.k not in polished and rival.objective <= best.objective + NEAR
        ]
        unsettled = [
            rival.k
            for rival in rivals
            if rival.k not in hits and rival.objective <= best.objective + CLOSE
        ]
        if unpolished:
            fine = run(lambda fit: descend(x, fit.v, BARRIER, *FINE), unpolished)
            for fit in fine:
                levels[fit.k] = distinct([*levels[fit.k][1:], fit])
                polished.add(fit.k)
        elif unsettled:
            hits[unsettled[0]] = _settle(x, levels, unsettled[0], run, starts)
        else:
            return levels, hits[best.k]


def lowest(levels):
    """The fit with the least objective of all."""
    return min((fits[0] for fits in levels), key=lambda fit: fit.objective)


def is_plausible(fit, best, confidence):
    """Whether the objective is above the least one by no more than chance over manifolds allows."""
    reach = ndtri(0.5 + 0.5 * confidence) * difference_error(fit, best)
    return fit.objective - best.objective <= reach


def _one_more(x, v):
    """The minimum with one direction more, at first the residual centres' strongest."""
    return descend(x, with_direction(v, strongest(x, v, 1)), BARRIER, *ROUGH)


def _settle(x, levels, k, run, starts):
    """Search the minima with k directions until the lowest was found often enough; in place.

    A descent multiplies rounding errors about a million times before it converges. So that the
    minimum found does not depend on them, most starts are eigenvectors, exact to rounding, and not
    the ends of other descents.

    Returns
    -------
    int
        How often the lowest was found.
    """
    rng = np.random.default_rng((SEED, k))  # for each K the same, in whatever order they come
    initial = [_eigenvectors(x, np.ones(len(x)), k), levels[k][0].v]
    if k + 1 < len(levels):
        initial.append(_one_less(x, levels[k + 1][0].v))
    fine, hits = [], 0
    for _ in range(ROUNDS):
        initial += [_eigenvectors(x, rng.exponential(size=len(x)), k) for _ in range(starts)]
        found = run(lambda start: descend(x, start, BARRIER, *COARSE), initial)
        found = sorted(found, key=lambda fit: fit.objective)
        near = [fit for fit in found if fit.objective <= found[0].objective + NEAR]
        fine += run(lambda fit: descend(x, fit.v, BARRIER, *FINE), near)
        least = min(fit.objective for fit in fine)
        hits = sum(fit.objective - least <= SAME * abs(least) for fit in fine)
        if hits >= ENOUGH:
            break
        initial = []
    levels[k] = distinct(fine)
    if k + 1 < len(levels):
        levels[k + 1] = distinct([*levels[k + 1], _one_more(x, levels[k][0].v)])
    return hits


def _eigenvectors(x, weights, k):
    """The k directions that centres of unit length share most, each counted with its weight.

    Exponential weights, the Bayesian bootstrap, give starts that differ as the data might have.
    """
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    return np.linalg.eigh(units.T @ (weights[:, np.newaxis] * units))[1][:, ::-1][:, :k]


def _one_less(x, v):
    """V without the direction that the centres, each of unit length, share least."""
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    projected = units @ v
    return v @ np.linalg.eigh(projected.T @ projected)[1][:, 1:]
