"""Measures of a layer: what is computed from the inner products of its manifolds, epoch by epoch.

A measure is a function of the stored inner products (`geomem.geometry.products.ManifoldProducts`)
or, where the configuration stores them, of the features. `analysis.measures` lists those of an
experiment: names of entries here, and functions of the user's own. Each has files and a table of
its own, so that a further one computes nothing again.
"""

from dataclasses import dataclass

from geomem.registry import own
from geomem.registry.metrics import Metric


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
        Name of the function's first argument: "products" or "features".
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
    source = "features" if function.positional[:1] == ("features",) else "products"
    title = function.name.replace("_", " ").capitalize()
    return Measure(function.name, name, title, source=source)
