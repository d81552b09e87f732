"""A sheet of training images with the labels they were given."""

import numpy as np

from geomem.errors import InputError
from geomem.figures import scales, style
from geomem.figures.style import KINDS

COLUMNS = 8


@style.styled
def draw(images, labels, *, count=16, seed=0):
    """`count` images of each kind, a title each: assigned label, below it (true label) if permuted.

    Parameters
    ----------
    images : dict of str to ndarray
        `train_images` uint8 (n, C, H, W) with C 1 or 3, `class_names` (n_classes,).
    labels : DataFrame
        Columns index, true_label, assigned_label, kind: one row per training image.
    count, seed : int
        How many of each kind, and which.

    Returns
    -------
    matplotlib Figure
    """
    generator = np.random.default_rng(seed)
    names = images["class_names"]
    if labels["index"].max() >= len(images["train_images"]):
        raise InputError(
            f"labels: index {labels['index'].max()} is beyond the {len(images['train_images'])} "
            "training images; give the labels made for these images"
        )
    rows = []
    for kind in ("unpermuted", "permuted"):
        of_kind = labels[labels["kind"] == kind]
        size = min(count, len(of_kind))
        chosen = of_kind.iloc[np.sort(generator.choice(len(of_kind), size, replace=False))]
        rows += [chosen.iloc[i : i + COLUMNS] for i in range(0, size, COLUMNS)]
    figure, grid = style.panels(len(rows), COLUMNS, height=1.1, margin=0.2)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes_row, row in zip(grid, rows, strict=True):
        for axes, sample in zip(axes_row, row.itertuples(), strict=False):
            show(axes, images["train_images"][sample.index], names, sample)
    noise = np.mean(labels["kind"] == "permuted")
    style.caption(
        figure,
        f"Above each image its assigned label, in parentheses the true label of a permuted image. "
        f"{100 * noise:.3g} % of {len(labels)} training images are permuted.",
    )
    return figure


def show(axes, image, names, sample):
    """An image (C, H, W) with its assigned label as title, its true one below if permuted."""
    pixels = np.moveaxis(image, 0, -1)
    grey = pixels.shape[-1] == 1
    axes.imshow(pixels[..., 0] if grey else pixels, cmap="gray" if grey else None,
                vmin=0, vmax=255, interpolation="nearest")  # fmt: skip
    title = scales.shortened(str(names[sample.assigned_label]), 16)
    if sample.kind == "permuted":
        title += f"\n({scales.shortened(str(names[sample.true_label]), 14)})"
    axes.set_title(
        title, loc="center", fontsize=6, pad=2.5, parse_math=False, color=KINDS[sample.kind].color
    )
