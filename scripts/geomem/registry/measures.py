"""Measures of a layer: what is computed from the inner products of its manifolds, epoch by epoch.

A measure is a function of the stored inner products (`geomem.geometry.products.ManifoldProducts`)
or, where the configuration stores them, of those of all points or of the features.
`analysis.measures` lists those of an experiment: names of entries here, and functions of the user's
own. Each has files and a table of its own, so that a further one computes nothing again.
"""

from collections.abc import Callable
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
    settings : callable, optional
        Of the section: what of it matters; by default all.
    keys : tuple of str
        Columns that tell rows apart, besides epoch, layer, kind, manifold and metric.
    view : str
        View of the explorer that shows it: layers, profile or manifolds.
    judged : bool
        Whether the paper's claims are about it.
    cost : str
        Import path of a function that estimates time and memory, see `geomem.planning.work`.
    """

    name: str
    function: str
    title: str
    metrics: tuple = ()
    section: str = ""
    source: str = "products"
    settings: Callable | None = None
    keys: tuple = ()
    view: str = "layers"
    judged: bool = False
    cost: str = ""

    def spec(self, experiment):
        """What determines its result: function, what it is given, and settings, as a dict."""
        settings = experiment[self.section] if self.section else {}
        if self.settings:
            settings = self.settings(settings)
        spec = {"function": self.function, "source": self.source, "settings": settings}
        return {**spec, "keys": list(self.keys)} if self.keys else spec

    def follows(self, experiment):
        """Name of the measure that has to be there, at all epochs of a run, before this one."""
        if self.name == "geometry" and experiment["geometry"]["low_rank"]["k"] == "shared":
            return "low_rank"
        return None


def _without_k(geometry):
    return {**geometry, "low_rank": {"rule": geometry["low_rank"]["rule"]}}


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "geometry",
            function="geomem.analysis.mean_field:measure",
            title="Geometry (mean-field theory)",
            metrics=(
                Metric("capacity", "capacity α", "manifolds / feature"),
                Metric("radius", "radius R_M", "centre norms"),
                Metric("dimension", "dimension D_M", "directions"),
                Metric("center_correlation", "mean correlation of centres"),
                Metric("radius_iqm", "radius R_M, middle half", "centre norms"),
                Metric("dimension_iqm", "dimension D_M, middle half", "directions"),
                Metric("low_rank_k", "shared directions removed, K"),
                Metric("kkt_residual", "largest KKT residual", hidden=True),
            ),
            section="geometry",
            judged=True,
            cost="geomem.planning.work:geometry",
        ),
        Measure(
            "low_rank",
            function="geomem.analysis.mean_field:profile",
            title="Number of removed directions",
            metrics=(
                Metric("capacity", "capacity α", "manifolds / feature"),
                Metric("radius", "radius R_M", "centre norms"),
                Metric("dimension", "dimension D_M", "directions"),
                Metric("eigenvalue", "eigenvalue of direction K over the mean one"),
                Metric("correlation", "mean |cos| of residual centres"),
                Metric("smallest_fraction", "least squared length left of a centre"),
                Metric("cost", "half the sum of squared cosines"),
                Metric("bound", "Welch bound of that sum"),
            ),
            section="geometry",
            settings=_without_k,
            keys=("k",),
            view="profile",
            cost="geomem.planning.work:geometry",
        ),
        Measure(
            "glue",
            function="geomem.analysis.joint:measure",
            title="Joint geometry (GLUE)",
            metrics=(
                Metric("capacity", "capacity", "manifolds / feature"),
                Metric("dimension", "dimension", "directions"),
                Metric("radius", "radius", "centre norms"),
                Metric("utility", "utility", "fraction"),
                Metric("center_alignment_cos", "alignment of centres", "cosine"),
                Metric("axis_alignment_cos", "alignment of axes", "cosine"),
                Metric("center_axis_alignment_cos", "alignment of centres with axes", "cosine"),
                Metric("inseparable", "inseparable draws", "fraction"),
                Metric("center_alignment_abs", "|inner product| of centres", hidden=True),
                Metric("axis_alignment_abs", "|inner product| of axes", hidden=True),
                Metric(
                    "center_axis_alignment_abs",
                    "|inner product| of centres with axes",
                    hidden=True,
                ),
                Metric("capacity_floor", "least capacity", "manifolds / feature", hidden=True),
                Metric("kkt_residual", "largest KKT residual", hidden=True),
                *(
                    Metric(
                        name + "_pseudovalue",
                        f"{name}, plus what the manifold moves it by",
                        unit,
                        hidden=True,
                    )
                    for name, unit in (
                        ("capacity", "manifolds / feature"),
                        ("dimension", "directions"),
                        ("radius", "centre norms"),
                        ("utility", "fraction"),
                    )
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
            "center_map",
            function="geomem.analysis.companions:center_map",
            title="Centres of the manifolds in a plane",
            metrics=(
                Metric("x", "first axis", "centre norms"),
                Metric("y", "second axis", "centre norms"),
                Metric("spread", "standard deviation of the points", "centre norms"),
                Metric("held", "variance of the centres in the plane", "fraction"),
            ),
            view="manifolds",
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
        Measure(
            "cross_condition",
            function="geomem.analysis.companions:cross_condition",
            title="Dichotomies of the manifolds: shattering and generalization",
            metrics=(
                Metric("shattering", "shattering dimension", "fraction"),
                Metric("generalization", "cross-condition generalization", "fraction"),
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
