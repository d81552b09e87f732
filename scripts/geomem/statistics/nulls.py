"""What a measure finds where there is nothing to find: points dealt to manifolds at random."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from geomem import types
from geomem.geometry.arguments import check_confidence
from geomem.geometry.products import ManifoldProducts
from geomem.statistics.manifolds import Manifolds, check_count
from geomem.statistics.measured import is_random, numbers_of


@dataclass(frozen=True)
class Null:
    """A number and what shuffled manifolds give for it.

    Attributes
    ----------
    value : float
        Of the manifolds as they are.
    mean, lo, hi : float
        Of the shuffled ones: mean and the range that holds a fraction `confidence` of them.
    p : float
        Two-sided: twice the fraction of shuffled numbers on the far side, the value among them.
    shuffled : ndarray, shape (n,)
    """

    value: float
    mean: float
    lo: float
    hi: float
    p: float
    shuffled: np.ndarray = field(repr=False)


def shuffle_null(
    data: types.Manifolds | ManifoldProducts,
    *,
    counts: ArrayLike | None = None,
    measure: str | Callable = "geometry",
    n: int = 99,
    confidence: float = 0.95,
    random_state: int = 0,
    **settings,
) -> dict[str, Null]:
    """Measure manifolds, and again with all points dealt to them at random.

    Parameters
    ----------
    data, counts, measure, settings
        See `geomem.statistics.sample`. `ManifoldProducts` cannot be shuffled.
    n : int
        Shuffles. The smallest p is 2 / (n + 1).
    confidence : float
    random_state : int
        Of the shuffles and the Gaussian vectors, which are the same for all.

    Returns
    -------
    dict of str to Null
        By metric. NaN but for `value` and `shuffled` where one of these numbers is not finite.

    Raises
    ------
    InputError
        If `n` is not a whole number from 1 up, `confidence` not between 0 and 1, or the data or the
        measure cannot be used.

    Notes
    -----
    The null hypothesis is that manifolds are exchangeable: a point's class tells nothing about
    where it lies. Shuffled manifolds hold as many points as before.
    """
    check_count(n, "n")
    check_confidence(confidence)
    manifolds = Manifolds(data, counts)
    rng = np.random.default_rng([random_state, 3])
    settings = {"random_state": random_state, **settings} if is_random(measure) else settings
    values = numbers_of(manifolds, measure, settings)
    draws = [numbers_of(manifolds.shuffled(rng), measure, settings) for _ in range(n)]
    found = {}
    for metric, value in values.items():
        shuffled = np.array([each.get(metric, np.nan) for each in draws])
        if not (np.isfinite(shuffled).all() and np.isfinite(value)):
            found[metric] = Null(value, np.nan, np.nan, np.nan, np.nan, shuffled)
            continue
        sides = (shuffled >= value).sum(), (shuffled <= value).sum()
        p = min(1.0, 2.0 * (1 + min(sides)) / (1 + n))
        lo, hi = np.quantile(shuffled, [0.5 - confidence / 2, 0.5 + confidence / 2])
        found[metric] = Null(
            float(value), float(shuffled.mean()), float(lo), float(hi), float(p), shuffled
        )
    return found
