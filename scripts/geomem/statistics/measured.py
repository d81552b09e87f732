"""Any measure as a function of manifolds that returns numbers by metric."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geomem.errors import InputError
from geomem.functions import called, imported, is_path
from geomem.registry.measures import MEASURES, STORES

_OTHERWISE = ("geometry", "glue")  # `geomem.statistics.sample` takes them apart itself
_PROFILE = "geomem.statistics.mean_field:profile"
_BY_HALVES = ("two_nn",)  # leaving a point out changes what others' neighbours are


@dataclass(frozen=True)
class Named:
    """A measure.

    Attributes
    ----------
    name : str
    function : callable
    source : str
        What it is given, a key of `geomem.registry.measures.STORES`.
    takes_counts : bool
    units : dict of str to str
        By metric.
    by_halves : bool
        Whether its uncertainty from points comes from halves of them.
    """

    name: str
    function: Callable
    source: str
    takes_counts: bool
    units: dict
    by_halves: bool = False

    def numbers(self, manifolds, settings):
        """`{metric: number}` over all manifolds together; a mean where it has one for each."""
        given = getattr(manifolds, self.source)()
        if self.takes_counts:
            settings = {**settings, "counts": manifolds.counts}
        return _numbers(self.function(given, **settings), len(manifolds), self.name)


def named(measure):
    """The `Named` of a registry's name, an import path or a function."""
    if callable(measure):
        function, name, units = measure, getattr(measure, "__name__", "measure"), {}
        parameters = list(inspect.signature(measure).parameters)
        source = parameters[0] if parameters and parameters[0] in STORES else None
        if source is None:
            raise InputError(
                f"{name} takes {', '.join(parameters) or 'nothing'}; expected a first argument "
                f"called {', '.join(STORES)}, for what it wants"
            )
    elif is_path(measure):
        return named(imported(measure))
    elif measure in MEASURES and measure not in _OTHERWISE:
        entry = MEASURES[measure]
        name, source = entry.name, entry.source
        units = {metric.name: metric.unit for metric in entry.metrics}

        path = _PROFILE if name == "low_rank" else entry.function
        parameters = inspect.signature(imported(path)).parameters
        function = functools.partial(called, path)
    else:
        raise InputError(
            f"measure is {measure!r}; expected one of {', '.join(MEASURES)}, an import path "
            "package.module:function, or a function"
        )
    return Named(name, function, source, "counts" in parameters, units, name in _BY_HALVES)


def _numbers(found, n_manifolds, name):
    if isinstance(found, dict):
        return {
            metric: _number(value, n_manifolds, metric, name)
            for metric, value in found.items()
            if metric != "warnings"
        }
    whole = found[found["manifold"].isna()] if "manifold" in found else found
    return dict(zip(whole["metric"], whole["value"].astype(float), strict=True))


def _number(value, n_manifolds, metric, name):
    if isinstance(value, tuple) and len(value) == 3:
        return float(value[0])
    value = np.asarray(value, dtype=np.float64)
    if value.shape not in ((), (n_manifolds,)):
        raise InputError(
            f"{name} returned an array of shape {value.shape} for {metric}; expected a number or "
            f"one for each of {n_manifolds} manifolds"
        )
    return float(value.mean())


def is_random(measure):
    """Whether a measure draws Gaussian vectors, and so takes a `random_state`."""
    return measure in ("geometry", "glue", "low_rank")


def numbers_of(manifolds, measure, settings):
    """`{metric: number}` of any measure, all manifolds together."""
    if measure == "geometry":
        from geomem.geometry.measure import geometry_from_products, manifold_geometry

        if manifolds.source == "features":
            found = manifold_geometry(manifolds.features(), **settings)
        else:
            found = geometry_from_products(manifolds.products(), **settings)
        return {
            "capacity": found.mean_capacity,
            "radius": found.mean_radius,
            "dimension": found.mean_dimension,
            "radius_iqm": found.iqm_radius,
            "dimension_iqm": found.iqm_dimension,
            "center_correlation": found.center_correlation,
        }
    if measure == "glue":
        from geomem.geometry.glue import glue_from_gram, glue_geometry
        from geomem.geometry.glue_measures import METRICS

        if manifolds.source == "features":  # which tell how far their rounding shows
            found = glue_geometry(manifolds.features(), **settings)
        else:
            found = glue_from_gram(manifolds.gram(), manifolds.counts, **settings)
        return {name: getattr(found, name) for name in METRICS}
    return named(measure).numbers(manifolds, settings)
