"""How far an effect depends on the number K of removed low-rank directions.

The geometry table may say between which ends (`k_lo`, `k_hi`) every mean lies for the plausible K.
That is a range and no sampling error, and K may differ between layers, epochs and kinds; so the
smallest and the largest effect are looked for among combinations of values within their ranges.
"""

from dataclasses import dataclass, field

import numpy as np

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)  # where between the ends a value is tried
_ROUNDS = 50


@dataclass(eq=False)
class Removal:
    """A place between the ends for every value that an effect reads.

    Attributes
    ----------
    places : dict of tuple to int
        Number of each value that has a range, in the order read.
    levels : ndarray, shape (count, values), or None
        From 0, the lower end, to 1; NaN takes the value at the chosen K, as does None everywhere.
    """

    places: dict = field(default_factory=dict)
    levels: np.ndarray | None = None

    def between(self, name, layers, values, lowest, highest):
        """Values of some layers, shape (count, layers)."""
        count = 1 if self.levels is None else len(self.levels)
        found = np.repeat(values[None], count, axis=0)
        for i, layer in enumerate(layers):
            if np.isnan(lowest[i]) and np.isnan(highest[i]):
                continue
            place = self.places.setdefault((name, int(layer)), len(self.places))
            if self.levels is not None:
                level = self.levels[:, place]
                there = lowest[i] + level * (highest[i] - lowest[i])
                found[:, i] = np.where(np.isnan(level), values[i], there)
        return found


def effect_range(effect):
    """Smallest and largest effect over the plausible K.

    Parameters
    ----------
    effect : callable
        Of a `Removal`; returns the effects, shape (count,).

    Returns
    -------
    (float, float) or None
        None where nothing that the effect reads has a range; infinite where the effect is not
        finite for some K.
    """
    places = {}
    effect(Removal(places))
    if not places:
        return None

    def effects(levels):
        return effect(Removal(places, levels))

    starts = np.repeat(np.array([[np.nan], [0.0], [1.0]]), len(places), axis=1)
    return tuple(sign * max(_climb(effects, sign, start) for start in starts) for sign in (-1, 1))


def _climb(effects, sign, levels):
    """The greatest `sign * effect` reached by changing one value at a time, from `levels` on."""

    def height(levels):
        return sign * effects(levels)

    best = height(levels[None])[0]
    for _ in range(_ROUNDS):
        if not np.isfinite(best):
            return np.inf
        tried = np.repeat(levels[None], len(levels) * len(LEVELS), axis=0)
        each = np.arange(len(tried))
        tried[each, each // len(LEVELS)] = np.tile(LEVELS, len(levels))
        heights = height(tried)
        heights = np.where(np.isfinite(heights), heights, np.inf)
        if not heights.max() > best:
            return best
        levels, best = tried[heights.argmax()], heights.max()
    return best
