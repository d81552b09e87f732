"""Values with a warning: open marks that have no say in the range of the axes.

The column `warnings` (`geomem.warning`) goes with the values, through averages over seeds and
differences between epochs.
"""

import numpy as np

from geomem.figures import style


def mark(curves):
    """Draw values with a warning as open marks: in place, or as triangles at the edge of the axes.

    A line is interrupted where it would leave the axes, whose range stays as it is.

    Parameters
    ----------
    curves : list of Curve
        Of axes whose range is final.
    """
    for curve in curves:
        if not curve.warned.any():
            continue
        axes, limits = curve.axes, curve.axes.get_ylim()
        axes.set(
            ylim=limits, xlim=axes.get_xlim()
        )  # a mark at an edge may not widen it by rounding
        value = curve.summary["value"].to_numpy(float)
        inside = (value >= limits[0]) & (value <= limits[1])
        curve.line.set_ydata(np.where(curve.warned & ~inside, np.nan, value))
        here = curve.warned & inside
        style.interval_bars(curve, here)
        _open(curve, here, value, curve.look.marker or "p", "_warned")  # controls have none
        for side, beyond in enumerate((value < limits[0], value > limits[1])):
            chosen = curve.warned & beyond
            _open(curve, chosen, np.full(len(value), limits[side]), "v^"[side], "_beyond")


def _open(curve, chosen, heights, marker, label):
    if chosen.any():
        curve.axes.plot(
            curve.x[chosen],
            heights[chosen],
            linestyle="none",
            color=curve.look.color,
            marker=marker,
            markersize=4.4,
            markerfacecolor="white",
            clip_on=False,  # those on an edge are seen whole
            zorder=2.2,
            label=label,
        )


def note(curves):
    """Say, for a caption, how many values have a warning; empty where none has one."""
    count = sum(int(curve.warned.sum()) for curve in curves)
    total = sum(len(curve.warned) for curve in curves)
    if not count:
        return ""
    beyond = any(np.isnan(c.line.get_ydata()[c.summary["value"].notna()]).any() for c in curves)
    outside = ", triangles: beyond the axes" if beyond else ""
    return f"Open marks: warned, see the table ({count} of {total} values{outside})."
