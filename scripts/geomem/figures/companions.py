"""The companion measures of the manifolds over layers, each a figure of its own."""

from geomem.figures import depth, style

_WHEN = ("best", "last")


@style.styled
def participation_ratio(participation_ratio, accuracy, *, epochs=_WHEN):
    """Participation ratio of the manifolds against layer, a row per width, noise and epoch.

    Parameters
    ----------
    participation_ratio, accuracy : DataFrame
        Collected tables.
    epochs : sequence of "best", "last" or int

    Returns
    -------
    matplotlib Figure
    """
    return _draw(participation_ratio, accuracy, epochs, "participation_ratio")


@style.styled
def two_nn(two_nn, accuracy, *, epochs=_WHEN):
    """Intrinsic dimension of all points against layer; as `participation_ratio`."""
    return _draw(two_nn, accuracy, epochs, "intrinsic_dimension")


@style.styled
def neural_collapse(neural_collapse, accuracy, *, epochs=_WHEN):
    """NC1 and NC2 of the manifolds against layer; as `participation_ratio`."""
    names = ("nc1", "nc2_norms", "nc2_equal_angles", "nc2_widest_angles")
    return _draw(neural_collapse, accuracy, epochs, *names)


@style.styled
def few_shot(few_shot, accuracy, *, epochs=_WHEN):
    """Signal-to-noise ratio and error of few-shot learning; as `participation_ratio`."""
    return _draw(few_shot, accuracy, epochs, "few_shot_snr", "few_shot_error")


@style.styled
def cross_condition(cross_condition, accuracy, *, epochs=_WHEN):
    """Shattering dimension and cross-condition generalization; as `participation_ratio`."""
    return _draw(cross_condition, accuracy, epochs, "shattering", "generalization")


def _draw(table, accuracy, epochs, *metrics):
    return depth.over_layers(table, accuracy, metrics, per_class=None, epochs=epochs)
