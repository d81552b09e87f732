"""Measures of a layer: what is computed from the inner products of its manifolds, epoch by epoch.

A measure is a function of the stored inner products (`geomem.geometry.products.ManifoldProducts`)
or, where the configuration stores them, of those of all points or of the features.
`analysis.measures` lists those of an experiment: names of entries here, and functions of the user's
own. Each has files and a table of its own, so that a further one computes nothing again.
"""

from dataclasses import dataclass

from geomem.registry import own
from geomem.registry.metrics import Metric

# What a function can be given, and the values of `analysis.store` that keep it, the least first.
STORES = {
    "products": ("products", "gram", "raw"),
    "gram": ("gram", "raw"),
    "features": ("raw",),
}


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes
    ----------
    name : str
        Of its table and its files.
    function : str
        Import path. It is called with the inner products of the manifolds of one layer and kind or
        with their features, see `source`, and the settings of `section` as keywords; what it may
        return stands in `geomem.analysis.measuring`.
    title : str
        Heading in the explorer.
    metrics : tuple of Metric
        Those with a label or unit of their own.
    section : str
        Section of an experiment with its settings; empty if it has none.
    source : str
        Name of the function's first argument, a key of `STORES`.
    judged : bool
        Whether the paper's claims are about it.
    cost : str
        Import path of a function that foretells time and memory, see `geomem.planning.work`.
    """

    name: str
    function: str
    title: str
    metrics: tuple = ()
    section: str = ""
    source: str = "products"
    judged: bool = False
    cost: str = ""

    def spec(self, experiment):
        """What determines its result: function, what it is given, and settings, as a dict."""
        settings = experiment[self.section] if self.section else {}
        return {"function": self.function, "source": self.source, "settings": settings}


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "geometry",
            function="geomem.analysis.mean_field:measure",
            title="Geometry over layers and epochs",
            metrics=(
                Metric("capacity", "capacity α", "manifolds / feature"),
                Metric("radius", "radius R_M", "centre norms"),
                Metric("dimension", "dimension D_M", "directions"),
                Metric("center_correlation", "mean correlation of centres"),
                Metric("low_rank_k", "directions K projected off"),
                Metric("kkt_residual", hidden=True),
            ),
            section="geometry",
            judged=True,
            cost="geomem.planning.work:geometry",
        ),
        Measure(
            "glue",
            function="geomem.analysis.joint:measure",
            title="Joint geometry (GLUE) over layers and epochs",
            metrics=(
                Metric("capacity", "capacity", "manifolds / feature"),
                Metric("dimension", "dimension", "directions"),
                Metric("radius", "radius", "centre norms"),
                Metric("utility", "utility", "fraction"),
                Metric("center_alignment_cos", "alignment of centres", "cosine"),
                Metric("axis_alignment_cos", "alignment of axes", "cosine"),
                Metric("center_axis_alignment_cos", "alignment of centres with axes", "cosine"),
                Metric("inseparable", "inseparable draws", "fraction"),
                Metric("center_alignment_abs", hidden=True),
                Metric("axis_alignment_abs", hidden=True),
                Metric("center_axis_alignment_abs", hidden=True),
                Metric("capacity_floor", hidden=True),
                Metric("kkt_residual", hidden=True),
                *(
                    Metric(name + "_pseudovalue", hidden=True)
                    for name in ("capacity", "dimension", "radius", "utility")
                ),
            ),
            section="glue",
            source="gram",
            judged=True,
            cost="geomem.planning.work:glue",
        ),
        Measure(
            "participation_ratio",
            function="geomem.analysis.companions:participation_ratio",
            title="Participation ratio of the manifolds",
            metrics=(Metric("participation_ratio", unit="directions"),),
        ),
        Measure(
            "two_nn",
            function="geomem.analysis.companions:two_nn",
            title="Intrinsic dimension (two-NN)",
            metrics=(Metric("intrinsic_dimension", unit="dimensions"),),
            source="gram",
        ),
        Measure(
            "neural_collapse",
            function="geomem.analysis.companions:neural_collapse",
            title="Neural collapse",
            metrics=(
                Metric("nc1", "NC1: variability within classes", "class means"),
                Metric("nc2_norms", "NC2: spread of the class means' norms", "mean norm"),
                Metric("nc2_equal_angles", "NC2: spread of the angles", "cosine"),
                Metric("nc2_widest_angles", "NC2: distance from the widest angles", "cosine"),
            ),
            source="gram",
        ),
        Measure(
            "few_shot",
            function="geomem.analysis.companions:few_shot",
            title="Few-shot learning from five examples",
            metrics=(
                Metric("few_shot_snr", "signal-to-noise ratio", "standard deviations"),
                Metric("few_shot_error", "predicted error", "fraction"),
            ),
            source="gram",
        ),
    )
}


def chosen(experiment):
    """The measures that an experiment asks for, in its order.

    Returns
    -------
    list of Measure
    """
    return [find(name) for name in experiment["analysis"]["measures"]]


def find(name):
    """The Measure of an entry's name or of a user's `package.module:function`."""
    if name in MEASURES:
        return MEASURES[name]
    function = own.locate(name)
    first = function.positional[0] if function.positional else ""
    source = first if first in STORES else "products"
    title = function.name.replace("_", " ").capitalize()
    return Measure(function.name, name, title, source=source)
