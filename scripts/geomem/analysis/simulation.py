"""Capacity of the same points from theory and simulated with dichotomies (figure 1B)."""

from geomem.analysis.activation_file import prefix
from geomem.analysis.activations import extract_activations
from geomem.analysis.mean_field import options
from geomem.geometry import geometry_from_products, simulated_capacity_from_gram

COLUMNS = (
    "epoch", "layer", "layer_index", "kind", "metric", "value", "lo", "hi", "reached",
)  # fmt: skip


def simulate(
    model, layers, images, analysis_set, normalizer, *, epoch, geometry, dichotomies, seed, threads
):
    """Theoretical and simulated capacity of every layer and kind.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on the device to compute on.
    layers : sequence of Layer
    images : ImageSet
    analysis_set : dict of str to ndarray
        Of `geomem.analysis.points.choose_points`.
    normalizer : Normalizer
    epoch : int
        The snapshot's.
    geometry : dict
        Settings of the theory: `n_t`, `low_rank`, `confidence`, `seed`; a shared k is chosen for
        these points alone. The margin is
        always 0, that of dichotomies that are merely separable.
    dichotomies : int
        For each number of features.
    seed : int
    threads : int

    Returns
    -------
    list of dict with the keys `COLUMNS`
        Metric `theory` and `simulated`, in manifolds per feature. A simulated capacity that is not
        reached has no value, only an upper bound: even all features separate too few dichotomies.
    """
    low_rank = dict(geometry["low_rank"])
    if low_rank["k"] == "shared":
        low_rank["k"] = "auto"
    rows = []
    settings = (model, layers, images, analysis_set, normalizer)
    with extract_activations(*settings, epoch=epoch, store="gram") as activations:
        for layer in activations.layers:
            for kind in activations.kinds:
                products = activations.products(layer["index"], kind)
                theory = geometry_from_products(
                    products,
                    n_t=geometry["n_t"],
                    **options(low_rank),
                    confidence=geometry["confidence"],
                    random_state=geometry["seed"],
                    threads=threads,
                )
                tried = simulated_capacity_from_gram(
                    activations.arrays[f"{prefix(layer['index'], kind)}gram"],
                    products.counts,
                    n_dichotomies=dichotomies,
                    confidence=geometry["confidence"],
                    random_state=seed,
                    threads=threads,
                )
                common = {
                    "epoch": epoch,
                    "layer": layer["name"],
                    "layer_index": layer["index"],
                    "kind": kind,
                }
                ends = (theory.mean_capacity, theory.mean_capacity_lo, theory.mean_capacity_hi)
                rows.append(_row(common, "theory", *ends, True))
                ends = (tried.capacity, tried.capacity_lo, tried.capacity_hi)
                rows.append(_row(common, "simulated", *ends, tried.reached))
    return rows


def _row(common, metric, value, lo, hi, reached):
    return {**common, "metric": metric, "value": value, "lo": lo, "hi": hi, "reached": reached}
