"""GLUE without some of the manifolds or points, for the same Gaussian vectors and dichotomies."""

import numpy as np

from geomem.errors import InputError
from geomem.geometry import grams
from geomem.geometry.glue import glue_from_gram, glue_geometry, of_draws
from geomem.geometry.glue_measures import METRICS
from geomem.geometry.glue_points import draw_labels, points_of_arrays, points_of_gram

_DICHOTOMIES = ("random", "balanced", "given")
_UNITS = {"utility": "fraction", "inseparable": "fraction"}


class Problem:
    """All draws of one set of manifolds.

    Parameters
    ----------
    manifolds : Manifolds
    settings : dict
        Keywords of `glue_geometry`. Of "pairs" and "one-vs-rest" a manifold cannot be left out
        with the draws kept.
    """

    by_halves = False

    def __init__(self, manifolds, settings):
        settings = {"random_state": 0, **settings}
        dichotomies = settings.get("dichotomies", "random")
        if dichotomies not in _DICHOTOMIES:
            raise InputError(
                f"dichotomies is {dichotomies!r}; expected one of {', '.join(_DICHOTOMIES)} where "
                "manifolds are left out"
            )
        center = settings.get("preprocess", "center") == "center"
        self.counts = manifolds.counts
        if manifolds.source == "features":  # which tell how far their rounding shows
            points_of = points_of_arrays(manifolds.features(), center)
            self._found = glue_geometry(manifolds.features(), **settings)
        else:
            gram = manifolds.gram(center)
            self._found = glue_from_gram(gram, self.counts, **settings)
            scale = np.abs(gram).max()
            gram = grams.center_gram(gram) if center else gram
            points_of = points_of_gram(gram, self.counts, scale)
        self.warnings = self._found.warnings
        n_manifolds, n_t = len(self.counts), self._found.n_t
        everything = np.arange(n_manifolds)
        points = points_of(everything)
        self._points = [points.values[rows] for rows in points.manifolds()]
        self._t = points.vectors(self._found.seed, n_t, everything)
        given = settings.get("labels")
        given = None if given is None else np.atleast_2d(np.asarray(given, dtype=np.float64))
        self._labels = draw_labels(dichotomies, given, self._found.seed, n_t, n_manifolds)
        self._threads = settings.get("threads")
        self.key = {
            "measure": "glue",
            "points per manifold": tuple(self.counts.tolist()),
            "n_t": n_t,
            "random_state": self._found.seed,
            "dichotomies": dichotomies,
            "preprocess": "center" if center else "none",
            "labels": None if given is None else given.tolist(),
        }

    def numbers(self, kept=None, kept_points=None):
        """`{metric: number}` of the manifolds and points that are kept."""
        if kept is None and kept_points is None:
            found = self._found
        else:
            kept = np.arange(len(self.counts)) if kept is None else kept
            clouds = [self._points[mu] for mu in kept]
            if kept_points is not None:
                clouds = [cloud[rows] for cloud, rows in zip(clouds, kept_points, strict=True)]
            found = of_draws(clouds, self._t, self._labels[:, kept], threads=self._threads)
        return {name: getattr(found, name) for name in METRICS}

    def moved(self, metric):
        """What each draw moves a number by, in standard deviations."""
        influence = self._found.influence[metric]
        n_t = len(influence)
        if n_t < 2:
            return np.array([np.nan])
        return (influence - influence.mean()) / np.sqrt(n_t * (n_t - 1.0))

    def unit(self, metric):
        """Its unit, as far as it bounds the number."""
        return "cosine" if metric.endswith("_cos") else _UNITS.get(metric, "")
