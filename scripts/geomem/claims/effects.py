"""The size of every effect the paper (and Maini et al. 2023) speak of, from one network or a sweep.

Each function takes a `View` (a sweep: one per width, in order of size) and returns an array with
an entry per replicate. Layers are told apart by depth: the first half, the last third.
"""

import numpy as np

# --- geometry ---------------------------------------------------------------------------------


def deviation_from_cloud(kind, moment):
    """Largest relative distance of a capacity from 2/M, the unstructured cloud's, in any layer."""

    def effect(view):
        capacity = view.geometry(moment, kind, "capacity")
        return np.abs(capacity * view.run.per_class / 2 - 1).max(axis=1)

    return effect


def final_deviation_from_cloud(view):
    """Relative distance of the restored final-layer capacity from 2/M at the last epoch."""
    capacity = view.geometry("last", "restored", "capacity")[:, -1]
    return np.abs(capacity * view.run.per_class / 2 - 1)


def restored_against_test(view):
    """Largest relative difference of restored from test capacity at the best epoch."""
    restored = view.geometry("best", "restored", "capacity")
    return np.abs(restored / view.geometry("best", "test", "capacity") - 1).max(axis=1)


def permuted_gain(view):
    """Permuted final-layer capacity at the last epoch, in units of the best epoch's."""
    return _change(view, "permuted", "capacity")[:, -1]


def early_change(view):
    """Largest relative change of permuted capacity, best to last epoch, in the first half."""
    change = _change(view, "permuted", "capacity")
    return np.abs(change[:, : change.shape[1] // 2] - 1).max(axis=1)


def fall_over_last_third(metric):
    """Relative fall of a permuted measure over the last third of the layers, at the last epoch."""

    def effect(view):
        curve = view.geometry("last", "permuted", metric)
        return 1 - curve[:, -1] / curve[:, -(-2 * curve.shape[1] // 3)]

    return effect


def interior_peak(view):
    """Highest earlier test capacity over the final layer's, minus 1, at the last epoch."""
    curve = view.geometry("last", "test", "capacity")
    return curve[:, :-1].max(axis=1) / curve[:, -1] - 1


def test_change(view):
    """Relative change of the final-layer test capacity from the best to the last epoch."""
    return _change(view, "test", "capacity")[:, -1] - 1


def _change(view, kind, metric):
    return view.geometry("last", kind, metric) / view.geometry("best", kind, metric)


# --- rewinding --------------------------------------------------------------------------------


def suffix_recovery(view):
    """Lost test accuracy that the best suffix within the second half brings back, as a fraction."""
    return _recovery(view, "suffix", late=True).max(axis=1)


def suffix_remembers(view):
    """Permuted accuracy left by that suffix, as a fraction of the final network's."""
    chosen = _recovery(view, "suffix", late=True).argmax(axis=1)
    layers, permuted = view.rewound("suffix", "permuted")
    left = permuted[:, layers >= view.depth() / 2]
    return left[np.arange(len(left)), chosen] / view.accuracy("last", "permuted")


def early_recovery(view):
    """The same fraction brought back by setting back the best single layer of the first half."""
    return _recovery(view, "single", late=False).max(axis=1)


def _recovery(view, scheme, *, late):
    layers, test = view.rewound(scheme, "test")
    second_half = layers >= view.depth() / 2
    last = view.accuracy("last", "test")
    lost = view.accuracy("best", "test") - last
    return (test[:, second_half == late] - last[:, None]) / lost[:, None]


# --- the opposing view ------------------------------------------------------------------------


def early_criticality(view):
    """Permuted accuracy lost by setting back one layer: the most before the last third, minus the
    most within it. Batch norm keeps its final statistics where that was measured.
    """
    layers, permuted = _single(view, "permuted")
    drop = view.accuracy("last", "permuted")[:, None] - permuted
    late = layers >= 2 * view.depth() / 3
    return drop[:, ~late].max(axis=1) - drop[:, late].max(axis=1)


def early_unselectivity(view):
    """Fraction of unpermuted accuracy lost per fraction of permuted accuracy lost, at the layer
    before the last third that costs most permuted accuracy when set back alone.
    """
    layers, permuted = _single(view, "permuted")
    _, unpermuted = _single(view, "unpermuted")
    early = layers < 2 * view.depth() / 3
    lost = 1 - permuted[:, early] / view.accuracy("last", "permuted")[:, None]
    others = 1 - unpermuted[:, early] / view.accuracy("last", "unpermuted")[:, None]
    chosen = lost.argmax(axis=1)
    each = np.arange(len(lost))
    return others[each, chosen] / lost[each, chosen]


def late_gradient_share(view):
    """Share of the squared gradient norm in the last third of the layers: permuted over
    unpermuted examples, geometric mean over the epochs from the best to the last.
    """
    ratios = []
    for epoch in view.gradient_epochs():
        shares = []
        for kind in ("permuted", "unpermuted"):
            square = view.gradient(epoch, kind, "total", "norm") ** 2
            late = square[:, -(-2 * square.shape[1] // 3) :].sum(axis=1)
            shares.append(late / square.sum(axis=1))
        ratios.append(np.log(shares[0] / shares[1]))
    return np.exp(np.mean(ratios, axis=0))


def _single(view, kind):
    policies = view.run.tables["rewind"]["batch_norm"].unique() if _has_rewind(view) else ()
    return view.rewound("single", kind, "keep" if "keep" in policies else None)


def _has_rewind(view):
    return len(view.run.tables.get("rewind", ())) > 0


# --- gradients --------------------------------------------------------------------------------


def gradient_over_noise(kind):
    """Norm of the label gradient at initialization over its noise level, geometric mean over
    layers.
    """

    def effect(view):
        norm = view.gradient(0, kind, "label", "norm")
        floor = view.gradient(0, kind, "label", "noise_floor")
        return np.exp(np.log(np.abs(norm / floor)).mean(axis=1))

    return effect


# --- sweeps over width ------------------------------------------------------------------------


def extra_dip(views):
    """Dip of test accuracy over width at the last epoch, beyond the one at the best epoch."""
    last, best = (
        np.stack([view.accuracy(moment, "test") for view in views], axis=1)
        for moment in ("last", "best")
    )
    return dip(last) - dip(best)


def extra_bump(views):
    """Bump of the test dimension over width at the last epoch, beyond the radius's, relative."""
    return _bump(views, "last", "dimension") - _bump(views, "last", "radius")


def best_bump(views):
    """The larger of the bumps of test dimension and radius over width at the best epoch."""
    bumps = [_bump(views, "best", metric) for metric in ("dimension", "radius")]
    return np.maximum(*bumps)


def _bump(views, moment, metric):
    final = [view.geometry(moment, "test", metric)[:, -1] for view in views]
    curve = np.stack(final, axis=1)
    return dip(-curve) / curve.mean(axis=1)


def dip(curves):
    """How far a curve falls between two higher points: the deepest dip, 0 where there is none.

    Parameters
    ----------
    curves : ndarray, shape (count, n)

    Returns
    -------
    ndarray, shape (count,)
        Maximum over j of min(max_{i<j} y_i, max_{k>j} y_k) - y_j, not below 0.
    """
    before = np.maximum.accumulate(curves, axis=1)
    after = np.maximum.accumulate(curves[:, ::-1], axis=1)[:, ::-1]
    return (np.minimum(before, after) - curves).max(axis=1)
