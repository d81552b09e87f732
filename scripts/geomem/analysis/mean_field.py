"""Capacity, radius and dimension from mean-field theory, as measures of a layer."""

from geomem.geometry import geometry_from_products
from geomem.geometry.intervals import influence, middle_half
from geomem.geometry.measure import PROFILE_DRAWS


def measure(products, *, seed, threads, low_rank, **settings):
    """The geometry of the manifolds of one layer and kind.

    Parameters
    ----------
    products : ManifoldProducts
    seed : int
        All layers and kinds draw the same Gaussian vectors, so that differences are not due to
        them.
    threads : int
    low_rank : dict
        `rule` and `k` of the configuration's `geometry.low_rank`; a shared k is a number here.
    settings : dict
        The others of the section `geometry`.

    Returns
    -------
    DataFrame
        As `ManifoldGeometry.to_frame` gives it, with the column `influence`: in rows of means over
        manifolds how each vector moves them (n_t numbers of mean 0), so that the error of a
        difference can be told from the table; else None.
    """
    geometry = geometry_from_products(
        products,
        random_state=seed,
        threads=threads,
        **options(low_rank),
        **settings,
    )
    frame = geometry.to_frame()
    frame["influence"] = _influences(geometry, frame)
    return frame


def profile(products, *, seed, threads, low_rank, kappa, confidence, n_t):
    """What the number of removed directions does to the geometry of one layer and kind.

    Parameters
    ----------
    products : ManifoldProducts
    seed, threads, low_rank, kappa, confidence, n_t
        As in `measure`; `k` is not used. At most `PROFILE_DRAWS` Gaussian vectors, the first ones.

    Returns
    -------
    DataFrame
        For each number of directions `k` in `LowRank.profile` the metrics of `LowRankLevel`, and
        capacity, radius and dimension; `plausible` as there, `chosen` for what the geometry uses.
    """
    geometry = geometry_from_products(
        products,
        random_state=seed,
        threads=threads,
        kappa=kappa,
        confidence=confidence,
        n_t=min(n_t, PROFILE_DRAWS),
        low_rank_rule=low_rank["rule"],
        profile=True,
        plausible=False,
    )
    import pandas as pd

    rows = [
        {
            "metric": metric,
            "value": level[metric],
            "k": level["k"],
            "plausible": level["plausible"],
            "chosen": level["k"] == geometry.low_rank_k,
        }
        for level in geometry.profile
        for metric in level
        if metric not in ("k", "plausible")
    ]
    columns = ["metric", "value", "k", "plausible", "chosen"]
    return pd.DataFrame(rows, columns=columns)


def options(low_rank):
    """Arguments of `manifold_geometry` for the configuration's `geometry.low_rank`."""
    return {
        "remove_low_rank": low_rank["k"] != "none",
        "low_rank_rule": low_rank["rule"],
        "low_rank_k": "auto" if low_rank["k"] == "none" else low_rank["k"],
    }


def _influences(geometry, frame):
    found = {}
    for metric in ("capacity", "radius", "dimension"):
        each = influence(metric, geometry.statistics)
        found[metric] = each.mean(axis=0)
        if metric != "capacity":
            found[f"{metric}_iqm"] = each[middle_half(getattr(geometry, metric))].mean(axis=0)
    found = {metric: (of - of.mean()).astype("float32") for metric, of in found.items()}
    return [
        found.get(metric) if whole else None
        for metric, whole in zip(frame["metric"], frame["manifold"].isna(), strict=True)
    ]
