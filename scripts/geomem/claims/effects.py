"""The size of every effect the paper (and Maini et al. 2023) speak of, from one network or a sweep.

Each function takes a `View` (a sweep: one per width, in order of size) and returns an array with
an entry per replicate. Layers are told apart by their depth in the network: `geomem.claims.depth`.
"""

import numpy as np

from geomem.claims import depth
from geomem.claims.errors import NotMeasuredError
from geomem.claims.evidence import View

RADIUS = "radius"  # the mean over manifolds that targets are about; see `geomem.claims.curves`
PER_CLASS = 50  # examples of each class at which the gradient's noise level is quoted

# --- geometry ---------------------------------------------------------------------------------


def deviation_from_cloud(kind, epoch):
    """Largest relative distance of a capacity from 2/M, the unstructured cloud's, in any layer."""

    def effect(view):
        capacity = view.geometry(epoch, kind, "capacity", depth.every)
        return _from_cloud(view, capacity).max(axis=1)

    return effect


def final_deviation_from_cloud(view):
    """Relative distance of the restored final-layer capacity from 2/M at the last epoch."""
    capacity = view.geometry("last", "restored", "capacity", depth.final)[:, 0]
    return _from_cloud(view, capacity)


def deviation_from_shuffled(kind, epoch, region="every"):
    """Largest relative distance of a capacity from that of shuffled classes, in layers of a region.

    What `deviation_from_cloud` is where points without structure have another capacity than 2/M,
    such as in layers with few features.
    """

    def effect(view):
        of_layers = getattr(depth, region)
        measured, shuffled = (
            view.geometry(epoch, name, "capacity", of_layers) for name in (kind, "shuffled")
        )
        return np.abs(measured / shuffled - 1).max(axis=1)

    return effect


def _from_cloud(view, capacity):
    """Relative distance from 2/M."""
    if view.run.per_class is None:
        raise NotMeasuredError("2/M is not known: activations.per_class is not given")
    return np.abs(capacity * view.run.per_class / 2 - 1)


def restored_against_test(view):
    """Largest relative difference of restored from test capacity at the best epoch."""
    restored, test = (
        view.geometry("best", kind, "capacity", depth.every) for kind in ("restored", "test")
    )
    return np.abs(restored / test - 1).max(axis=1)


def permuted_gain(view):
    """Permuted final-layer capacity at the last epoch, in units of the best epoch's."""
    return _change(view, "permuted", depth.final)[:, 0]


def early_change(view):
    """Largest relative change of permuted capacity, best to last epoch, in the first half."""
    return np.abs(_change(view, "permuted", depth.first_half) - 1).max(axis=1)


def fall_over_last_third(metric):
    """Relative fall of a permuted measure over the last third of the layers, at the last epoch."""

    def effect(view):
        curve = view.geometry("last", "permuted", metric, depth.last_third_whole)
        return 1 - curve[:, -1] / curve[:, 0]

    return effect


def interior_peak(view):
    """Highest earlier test capacity over the final layer's, minus 1, at the last epoch."""
    curve = view.geometry("last", "test", "capacity", depth.every)
    return curve[:, :-1].max(axis=1) / curve[:, -1] - 1


def test_change(view):
    """Relative change of the final-layer test capacity from the best to the last epoch.

    0 where training ended at its best epoch: it lost nothing. (Of a best epoch that is configured
    that is not known.)
    """
    best, last = _ends(view, "test")
    found = view.run.best_epoch is None and view.run.table("accuracy")["epoch"].nunique() > 1
    if best == last and found:
        return 0 * view.geometry("last", "test", "capacity", depth.final)[:, 0]
    return _change(view, "test", depth.final)[:, 0] - 1


def _change(view, kind, region):
    _require_between(*_ends(view, kind))
    last, best = (view.geometry(epoch, kind, "capacity", region) for epoch in ("last", "best"))
    return last / best


def _ends(view, kind):
    """The best and the last epoch, by number."""
    return [view.run.curve(end, kind, "capacity", view.estimator).epoch for end in ("best", "last")]


def _require_between(best, last):
    if best == last:
        raise NotMeasuredError(f"the best epoch is the last one ({best}); nothing lies between")


# --- rewinding --------------------------------------------------------------------------------


def suffix_recovery(view):
    """Lost test accuracy that a suffix within the second half brings back, as a fraction.

    The suffix is the one that brings back most validation accuracy.
    """
    view.require_rewound("suffix", depth.second_half)
    return _recovery(view, "suffix", late=True)


def suffix_remembers(view):
    """Permuted accuracy left by that suffix, as a fraction of the final network's."""
    view.require_rewound("suffix", depth.second_half)
    chosen = _chosen(view, "suffix", late=True)
    _, _, permuted = view.rewound("suffix", "permuted")
    return permuted[np.arange(len(chosen)), chosen] / view.nothing_rewound("permuted")


def early_recovery(view):
    """The fraction brought back by rewinding one layer of the first half, chosen likewise."""
    view.require_rewound("single", depth.first_half)
    return _recovery(view, "single", late=False)


def _recovery(view, scheme, *, late):
    chosen = _chosen(view, scheme, late=late)
    _, _, test = view.rewound(scheme, "test")
    last, best = view.nothing_rewound("test"), view.everything_rewound("test")
    return (test[np.arange(len(chosen)), chosen] - last) / (best - last)


def _chosen(view, scheme, *, late):
    """Which rewound network has the highest validation accuracy, shape (count,)."""
    layers, n_layers, validation = view.rewound(scheme, "validation")
    here = depth.first_half(layers, n_layers) != late
    if not here.any():
        raise NotMeasuredError(f"no layer of the {'second' if late else 'first'} half rewound")
    return np.where(here, validation, -np.inf).argmax(axis=1)


# --- the opposing view ------------------------------------------------------------------------


def early_criticality(view):
    """Permuted accuracy lost by rewinding one layer: the most before the last third, minus the
    most within it. Batch norm keeps its final statistics where that was measured.
    """
    _require_single(view)
    policy = _policy(view)
    layers, n_layers, permuted = view.rewound("single", "permuted", policy)
    drop = view.nothing_rewound("permuted", policy)[:, None] - permuted
    late = _both_sides(layers, n_layers)
    return drop[:, ~late].max(axis=1) - drop[:, late].max(axis=1)


def _require_single(view):
    """Every layer was rewound alone, to another epoch than the last one."""
    view.require_rewound("single", depth.every)
    _require_between(*(view.run.rows("rewind", end)["epoch"].iloc[0] for end in ("best", "last")))


def early_unselectivity(view):
    """Fraction of unpermuted accuracy lost per fraction of permuted accuracy lost, at the layer
    before the last third that costs most permuted accuracy when rewound alone.
    """
    _require_single(view)
    policy = _policy(view)
    lost = {}
    for kind in ("permuted", "unpermuted"):
        layers, n_layers, rates = view.rewound("single", kind, policy)
        early = ~_both_sides(layers, n_layers)
        lost[kind] = 1 - rates[:, early] / view.nothing_rewound(kind, policy)[:, None]
    chosen = lost["permuted"].argmax(axis=1)
    each = np.arange(len(chosen))
    return lost["unpermuted"][each, chosen] / lost["permuted"][each, chosen]


def late_gradient_fraction(view):
    """Fraction of the squared gradient norm in the last third of the layers: permuted over
    unpermuted examples, geometric mean over the epochs from the best to the last.
    """
    ratios = []
    epochs = view.gradient_epochs()
    if not epochs:
        raise NotMeasuredError("gradients.epochs has no epoch from the best one on")
    for epoch in epochs:
        fractions = []
        for kind in ("permuted", "unpermuted"):
            layers, n_layers, norm = view.gradient(epoch, kind, "total", "norm")
            late = _both_sides(layers, n_layers)
            fractions.append((norm[:, late] ** 2).sum(axis=1) / (norm**2).sum(axis=1))
        ratios.append(np.log(fractions[0] / fractions[1]))
    return np.exp(np.mean(ratios, axis=0))


def _both_sides(layers, n_layers):
    """Which layers lie in the last third, where some do and some do not."""
    late = depth.last_third(layers, n_layers)
    if late.all() or not late.any():
        raise NotMeasuredError("needs layers with parameters within the last third and before it")
    return late


def _policy(view):
    policies = view.run.table("rewind")["batch_norm"].unique()
    return "keep" if "keep" in policies else None


# --- gradients --------------------------------------------------------------------------------


def gradient_over_noise(kind):
    """Norm of the label gradient at initialization over its noise level, root mean square over
    layers, as `PER_CLASS` examples of each class would give it, however many were used.
    """

    def effect(view):
        _, _, signal = view.gradient(0, kind, "label", "signal")
        return np.sqrt(np.maximum(1 + PER_CLASS * signal.mean(axis=1), 0))

    return effect


# --- sweeps over width ------------------------------------------------------------------------


def extra_dip(views):
    """Dip of test accuracy over width at the last epoch, beyond the one at the best epoch.

    Where every network was rewound, networks are compared image by image. Where the dip lies is
    chosen by the other seeds, see `dip`.
    """
    if all(view.was_rewound for view in views):
        last = _dip(views, lambda view: view.nothing_rewound("test", "with-layer"))
        best = _dip(views, lambda view: view.everything_rewound("test"))
    else:
        last, best = (
            _dip(views, lambda view, at=at: view.accuracy(at, "test")) for at in ("last", "best")
        )
    return _beyond(last, best)


def extra_bump(views):
    """Bump of the test dimension over width at the last epoch, beyond the radius's, relative."""
    return _beyond(_bump(views, "last", "dimension"), _bump(views, "last", RADIUS))


def best_bump(views):
    """The larger of the bumps of test dimension and radius over width at the best epoch."""
    return np.maximum(*(_bump(views, "best", metric) for metric in ("dimension", RADIUS)))


def _beyond(one, other):
    """How much deeper a dip is than another one; a curve that has none dips by nothing."""
    return one - np.maximum(other, 0)


def _bump(views, epoch, metric):
    def final(view):
        return view.geometry(epoch, "test", metric, depth.final)[:, 0]

    height = np.stack([final(view) for view in views], axis=1).mean(axis=1)
    return _dip(views, lambda view: -final(view)) / height


def _dip(views, quantity):
    """`dip` of a quantity over width, at the place that the other seeds give; if alone, its own."""

    def measured(runs):
        return [quantity(View(run, estimator=views[0].estimator))[0] for run in runs]

    guides = []
    for sweep in zip(*(view.others for view in views), strict=True):
        try:
            guides.append(measured(sweep))
        except NotMeasuredError:  # a seed that diverged cannot tell where the dip is
            continue
    guides = guides or [measured([view.run for view in views])]
    curves = np.stack([quantity(view) for view in views], axis=1)
    return dip(curves, np.mean(guides, axis=0))


def dip(curves, guide):
    """How far curves fall between two higher points, at the places where a guide does so most.

    The deepest dip of a noisy curve is deeper than that of its mean, and lies elsewhere. So a guide
    that is independent of the curves (the mean over the other seeds) chooses the places: the lowest
    point, and which side of it is the lower one. Noise alone then gives no dip on average.

    Parameters
    ----------
    curves : ndarray, shape (count, n)
    guide : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (count,)
        y_s - y_j, at places of the guide: s is the lower of its highest points left and right of
        j, and j the point for which that is largest. Negative where curves have no dip.

    Raises
    ------
    NotMeasuredError
        If there are fewer than three points.
    """
    n = len(guide)
    if n < 3:
        raise NotMeasuredError(f"{n} widths; a dip over width takes at least 3")
    places = []
    for j in range(1, n - 1):
        left, right = int(np.argmax(guide[:j])), j + 1 + int(np.argmax(guide[j + 1 :]))
        side = left if guide[left] < guide[right] else right
        places.append((guide[side] - guide[j], side, j))
    _, side, j = max(places)
    return curves[:, side] - curves[:, j]
