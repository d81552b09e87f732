"""Where the images are in a layer's output, told by running batches of different sizes.

Convolutions and batch-first layers have the images in dimension 0. Transformers with tokens first
have them in another, and windows or attention heads are folded into the same dimension, in front of
the images or behind them.
"""

import torch

_TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-8}  # of the largest value
_COARSE = 0.05  # of narrower types


class UnclearLayoutError(Exception):
    """Which dimension of an output is the image cannot be told; says what was seen instead."""


def by_image(output, count, axis=0, before=1):
    """The output of a layer with the images in dimension 0.

    Parameters
    ----------
    output : Tensor
    count : int
        Images.
    axis, before : int
        Dimension in which the images are, and how many parts of that dimension run slower than
        they do: it has the size before * count * after.

    Returns
    -------
    Tensor, shape (count, ...)
        The parts of the dimension, if there are several, are together one dimension in its place.
    """
    parts = output.shape[axis] // count
    unfolded = output.unflatten(axis, (before, count, parts // before)).movedim(axis + 1, 0)
    joined = unfolded.flatten(axis + 1, axis + 2)
    return joined.squeeze(axis + 1) if parts == 1 else joined


def find_layout(large, small, alone, order):
    """How the images lie in three outputs of the same layer.

    Parameters
    ----------
    large, small, alone : Tensor
        For a batch of images, for a smaller one, and for one image.
    order : sequence of int
        Which image each place of the large batch holds. The small batch holds 0, 1, ..., and image
        0 is the one alone.

    Returns
    -------
    list of (axis, before)
        All layouts that fit, see `by_image`; none where no dimension depends on the number of
        images.

    Raises
    ------
    UnclearLayoutError
        If no layout fits.
    """
    n_large, n_small = len(order), len(order) - 1
    shapes = tuple(large.shape), tuple(small.shape)
    if shapes[0] == shapes[1] == tuple(alone.shape):
        return []
    where = f"its output has shape {shapes[1]} for {n_small} images and {shapes[0]} for {n_large}"
    changed = [d for d, sizes in enumerate(zip(*shapes, strict=False)) if sizes[0] != sizes[1]]
    if len(shapes[0]) != len(shapes[1]) or len(changed) != 1:
        raise UnclearLayoutError(where)
    (axis,) = changed
    parts, rest = divmod(shapes[0][axis], n_large)
    if rest or shapes[1][axis] != parts * n_small:
        raise UnclearLayoutError(where)
    expected = (*shapes[0][:axis], parts, *shapes[0][axis + 1 :])
    if tuple(alone.shape) != expected:
        raise UnclearLayoutError(
            f"{where}, but {tuple(alone.shape)} for one, expected {expected} (squeeze() drops the "
            "dimension of a single image, flatten(1) does not)"
        )
    fitting = [
        (axis, before)
        for before in range(1, parts + 1)
        if parts % before == 0 and _fits(large, small, alone, order, axis, before)
    ]
    if not fitting:
        raise UnclearLayoutError(f"{where}, and what it computes for one depends on the others")
    return fitting


def same(a, b):
    """Whether two tensors hold the same values but for rounding; not-a-number equals itself."""
    tolerance = max(_TOLERANCE.get(x.dtype, _COARSE) for x in (a, b))
    a, b = a.double(), b.double()
    finite = torch.cat([x[x.isfinite()].flatten().abs() for x in (a, b)])
    scale = float(finite.max()) if len(finite) else 0.0
    return torch.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True)


def _fits(large, small, alone, order, axis, before):
    large = by_image(large, len(order), axis, before)
    small = by_image(small, len(order) - 1, axis, before)
    alone = by_image(alone, 1, axis, before)
    pairs = [(large[i], small[k]) for i, k in enumerate(order) if k < len(small)]
    return all(same(a, b) for a, b in [*pairs, (alone[0], small[0])])
