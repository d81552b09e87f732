"""Names of curves beside their right ends, in place of a legend."""

import numpy as np
from matplotlib import rcParams

_JOIN = {"arrowstyle": "-", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}


def label_ends(axes, curves):
    """Write the names of curves beside their right ends.

    Names that would overlap are moved apart and joined to their curves.

    Parameters
    ----------
    axes : matplotlib Axes
        Its vertical range is final.
    curves : list of Curve
        Those of other axes are left out.
    """
    ends = []
    for curve in curves:
        places = np.flatnonzero(np.isfinite(curve.summary["value"].to_numpy(float)))
        if curve.axes is axes and len(places):
            point = curve.x[places[-1]], curve.summary["value"].iloc[places[-1]]
            height = axes.transAxes.inverted().transform(axes.transData.transform(point))[1]
            ends.append((float(np.clip(height, 0, 1)), curve.look))
    ends.sort(key=lambda end: end[0])
    size = rcParams["xtick.labelsize"]
    panel = axes.get_window_extent().height / axes.figure.dpi  # inches, before the layout
    for (height, look), at in zip(
        ends, _apart([end[0] for end in ends], size / 60 / panel), strict=True
    ):
        axes.annotate(
            look.label,
            (1, height),
            (1.06, at),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=look.color,
            fontsize=size,
            va="center",
            annotation_clip=False,
            arrowprops={**_JOIN, "color": look.color},
        )


def _apart(heights, gap):
    """Sorted heights within [0, 1] moved to be at least `gap` apart, as little as may be."""
    moved = list(heights)
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    top = max(1.0, (len(moved) - 1) * gap)
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], top)
        top = moved[i] - gap
    return moved
