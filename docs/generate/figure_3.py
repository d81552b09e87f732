"""Permuted examples by layer beside the paper's Figure 3."""

from geomem.figures import paper
from geomem.figures.differences import difference
from geomem.figures.seeds import over_seeds

HEADS = (
    "layer", "capacity, best epoch", "capacity, last epoch", "growth", "the paper's",
    "radius, last epoch", "the paper's", "dimension, last epoch", "the paper's",
)  # fmt: skip


def rows(table):
    """The cells of each layer, as text.

    Parameters
    ----------
    table : DataFrame
        The geometry table of an experiment; means over its seeds are shown, and the 95 % interval
        of the growth where there are several.

    Returns
    -------
    list of list of str
        The paper's cells are empty where it gives nothing, and where the network has other layers.
    """
    permuted = table[table["manifold"].isna() & (table["kind"] == "permuted")]
    best, last = (
        permuted[permuted[moment]]
        .groupby(["layer_index", "layer", "metric"])["value"]
        .mean()
        .unstack("metric")
        for moment in ("best", "last")
    )
    capacity = permuted[permuted["metric"] == "capacity"]
    changes = difference(capacity[capacity["last"]], capacity[capacity["best"]], ["layer_index"])
    grown = over_seeds(changes, ["layer_index"], bounded=False).set_index("layer_index")
    same = len(last) == paper.LAST_LAYER + 1
    traced, radius, dimension = (
        _traced(metric, moment) if same else {}
        for metric, moment in (("capacity", "change"), ("radius", "last"), ("dimension", "last"))
    )

    def cell(values, index, form):
        return format(values[index], form) if index in values else ""

    def growth_cell(change):
        interval = f" ({change.lo:+.3f} to {change.hi:+.3f})" if change.seeds > 1 else ""
        return f"{change.value:+.3f}{interval}"

    return [
        [
            layer, f"{then:.3f}", f"{now['capacity']:.3f}", growth_cell(grown.loc[index]),
            cell(traced, index, "+.3f"), f"{now['radius_iqm']:.2f}", cell(radius, index, ".2f"),
            f"{now['dimension_iqm']:.1f}", cell(dimension, index, ".1f"),
        ]
        for ((index, layer), now), then in zip(last.iterrows(), best["capacity"], strict=True)
    ]  # fmt: skip


def _traced(metric, moment):
    """The paper's values for permuted examples by position of the layer."""
    found = paper.over_depth(metric, moment)
    found = found[found["kind"] == "permuted"]
    positions = (found["depth"] * paper.LAST_LAYER).round().astype(int)
    return dict(zip(positions, found["value"], strict=True))
