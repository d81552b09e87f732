"""Capacity, radius and dimension from mean-field theory, as measures of a layer."""

import pandas as pd

from geomem.errors import InputError
from geomem.geometry import geometry_from_products
from geomem.geometry.intervals import influence, middle_half

PROFILE_N_T = 50


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
    found = geometry_from_products(
        products, random_state=seed, threads=threads, **options(low_rank), **settings
    )
    frame = found.to_frame()
    frame["influence"] = _influences(found, frame)
    return frame


def profile(products, *, seed, threads, low_rank, kappa, confidence, n_t):
    """What the number of removed directions does to the geometry of one layer and kind.

    Parameters
    ----------
    products : ManifoldProducts
    seed, threads, low_rank, kappa, confidence, n_t
        As in `measure`; `k` is not used. At most `PROFILE_N_T` Gaussian vectors, the first ones.

    Returns
    -------
    DataFrame
        For each number of directions `k` that was looked at, the metrics of `LowRankLevel`, and
        capacity, radius and dimension; `plausible` where the centres do not tell k from the one
        chosen, `chosen` for that one.
    """
    found = geometry_from_products(
        products,
        random_state=seed,
        threads=threads,
        kappa=kappa,
        confidence=confidence,
        n_t=min(n_t, PROFILE_N_T),
        low_rank_rule=low_rank["rule"],
        profile=True,
    )
    rows = [
        {
            "metric": metric,
            "value": level[metric],
            "k": level["k"],
            "plausible": level["plausible"],
            "chosen": level["k"] == found.low_rank_k,
        }
        for level in found.profile
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


def shared_k(profiles):
    """One number of directions for everything that is compared: layers, epochs and kinds of a run.

    Parameters
    ----------
    profiles : sequence of DataFrame
        Tables of `profile`, one for each epoch.

    Returns
    -------
    int
        The k with the least sum of objectives, among those that were looked at everywhere.
    """
    table = pd.concat(profiles)
    table = table[table["metric"] == "objective"]
    grid = table.pivot_table(index=["epoch", "layer_index", "kind"], columns="k", values="value")
    grid = grid.dropna(axis="columns")
    if grid.empty:
        raise InputError("geometry.low_rank.k is 'shared', but no layer was measured")
    return int(grid.sum().idxmin())


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
