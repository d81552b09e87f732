"""The part of the analysis set that simulation, probes and similarity use."""

from collections import Counter

import numpy as np

from geomem.errors import InputError


def choose_points(analysis_set, *, kinds, classes, per_class, section):
    """The first classes and positions of some kinds.

    Parameters
    ----------
    analysis_set : DataFrame, or dict of str to ndarray
        As `geomem.data.analysis_set.choose_analysis_set` returns it, or its columns.
    kinds : sequence of str
        Kinds that the analysis set lacks are left out.
    classes, per_class : int
    section : str
        Of the configuration that asks for them, for messages.

    Returns
    -------
    dict of str to ndarray
        The same columns.

    Raises
    ------
    InputError
        If the analysis set has fewer classes or images.
    """
    columns = {name: np.asarray(analysis_set[name]) for name in analysis_set}
    chosen = np.unique(columns["manifold"])[:classes]
    available = min(Counter(zip(columns["kind"], columns["manifold"], strict=True)).values())
    for name, asked, there in (
        ("classes", classes, len(chosen)),
        ("per_class", per_class, available),
    ):
        if asked > there:
            raise InputError(
                f"{section}.{name} is {asked}, but only {there} are analysed; lower it or raise "
                f"analysis.{name}"
            )
    inside = np.isin(columns["manifold"], chosen) & (columns["position"] < per_class)
    inside &= [kind in kinds for kind in columns["kind"]]
    return {name: values[inside] for name, values in columns.items()}
