"""The low-rank structure by the rule of the method's authors.

Cohen, Chung, Lee and Sompolinsky, Nat. Commun. 11, 746 (2020), methods, in the form of their code:
for K = 1, 2, ... the K directions that leave the least sum of squared cosines between the residual
centres, from random starts of which the most stable is kept; of these the K whose residual centres
have the least mean absolute cosine.
"""

import numpy as np

from geomem.geometry.center_fits import descend, with_direction

TOLERANCE, ITERATIONS = 1e-3, 40  # relative to the pairs' cost before the descent


def search(x, k_max, rng, run, *, starts, stop=True):
    """One fit for each number of directions 0, 1, ... until the mean cosine has risen three times.

    Parameters
    ----------
    x : ndarray, shape (P, r)
        Coordinates of the centres about their mean.
    k_max : int
        Most directions.
    rng : numpy.random.Generator
    run : callable
        `map` that returns a list.
    starts : int
        Random directions added to the last fit's; kept is the fit that leaves the largest fraction
        of the centre it shortens most.
    stop : bool
        False: go on to `k_max` whatever the mean cosine does.

    Returns
    -------
    list of Fit
    """
    nothing = descend(x, np.zeros((x.shape[1], 0)), 0.0, 1)
    fits = [nothing]
    for _ in range(k_max):
        v = fits[-1].v
        initial = [with_direction(v, rng.standard_normal(len(x)) @ x) for _ in range(starts)]
        found = run(lambda start: _descend(x, start), initial)
        fits.append(max(found, key=lambda fit: fit.fractions.min()))
        if stop and len(fits) > 5 and all(np.diff([fit.correlation for fit in fits[-4:]]) > 0):
            break
    return fits


def _descend(x, start):
    before = descend(x, start, 0.0, 0)
    return descend(x, start, TOLERANCE * (before.cost - 0.5 * len(x)), ITERATIONS)
