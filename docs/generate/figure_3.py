"""Permuted examples by layer beside the paper's Figure 3 (VGG16 on CIFAR-100, P = 100, M = 50).

The paper gives curves and no table. These numbers were read off them: capacity within .001, radius
within .015, dimension within .8. At the best epoch the capacity is .037 to .038 in every layer.
"""

POSITIONS = 20  # input, 13 convolutions, 5 pools, 1 linear layer
GROWTH = {13: 0.003, 14: 0.003, 15: 0.005, 16: 0.010, 17: 0.019, 18: 0.032, 19: 0.061}
GROWTH |= dict.fromkeys(range(13), 0.0)  # capacity, last minus best epoch
RADIUS = (1.552, 1.543, 1.503, 1.450, 1.349, 1.219, 1.103, 0.982)  # last epoch, layers 12 to 19
DIMENSION = (34.6, 33.1, 33.8, 33.8, 30.9, 27.3, 24.2, 18.6)
FIRST = 12
HEADS = (
    "layer", "capacity, best epoch", "capacity, last epoch", "growth", "the paper's",
    "radius, last epoch", "the paper's", "dimension, last epoch", "the paper's",
)  # fmt: skip


def rows(table):
    """The cells of each layer, as text.

    Parameters
    ----------
    table : DataFrame
        The geometry table of an experiment; means over its seeds are shown.

    Returns
    -------
    list of list of str
        Without the paper's numbers where the network has other layers.
    """
    permuted = table[table["manifold"].isna() & (table["kind"] == "permuted")]
    found = {}
    for moment in ("best", "last"):
        of_moment = permuted[permuted[moment]]
        by = of_moment.groupby(["layer_index", "layer", "metric"])["value"].mean()
        found[moment] = by.unstack("metric")
    same = len(found["last"]) == POSITIONS
    lines = []
    for (index, layer), last in found["last"].iterrows():
        best = found["best"].loc[(index, layer)]
        growth = last["capacity"] - best["capacity"]
        late = same and index >= FIRST
        lines.append([
            layer, f"{best['capacity']:.3f}", f"{last['capacity']:.3f}",
            f"{growth:+.3f}", f"{GROWTH[index]:+.3f}" if same else "",
            f"{last['radius_iqm']:.2f}", f"{RADIUS[index - FIRST]:.2f}" if late else "",
            f"{last['dimension_iqm']:.1f}", f"{DIMENSION[index - FIRST]:.1f}" if late else "",
        ])  # fmt: skip
    return lines
