"""GLUE as a measure of a layer: all manifolds of a kind measured jointly."""

import pandas as pd

from geomem.geometry import glue_from_gram
from geomem.warning import column

PSEUDOVALUE = "_pseudovalue"


def measure(gram, *, counts, seed, threads, rounding=None, **settings):
    """The joint geometry of the manifolds of one layer and kind.

    Parameters
    ----------
    gram : ndarray, shape (n, n)
        Inner products of all points.
    counts : ndarray of int, shape (P,)
        Points of each manifold.
    rounding : callable, optional
        As `noise` of `geomem.geometry.glue_from_gram`.
    seed : int
        All layers and kinds share their draws, so that differences are not due to them.
    threads : int
    settings : dict
        The others of the configuration's section `glue`.

    Returns
    -------
    DataFrame
        As `GlueGeometry.to_frame` gives it, with the column `influence`: what each draw adds to a
        number (n_t values of mean 0). For capacity, dimension, radius and utility it has further
        rows, one per manifold, of the metric `*_pseudovalue`: the number plus what the manifold
        moves it by. Their mean is the number, and their standard deviation over the root of P the
        standard error from the choice of manifolds.
    """
    found = glue_from_gram(
        gram, counts, random_state=seed, threads=threads, noise=rounding, **settings
    )
    frame = found.to_frame()
    frame["influence"] = [
        (moved - moved.mean()).astype("float32")
        if (moved := found.influence.get(name)) is not None
        else None
        for name in frame["metric"]
    ]
    single = [
        {"manifold": mu, "metric": name + PSEUDOVALUE, "value": getattr(found, name) + moved}
        for name, of_manifolds in found.of_manifolds.items()
        for mu, moved in enumerate(of_manifolds)
    ]
    single = pd.DataFrame(single)
    single = single.assign(
        warnings=column(found.warnings, zip(single["metric"], single["manifold"], strict=True)),
        influence=None,
    )
    return pd.concat([frame.assign(manifold=pd.NA), single], ignore_index=True)
