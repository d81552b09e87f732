"""Values with a warning: open marks that widen the axes little, explained in the caption.

The column `warnings` (`geomem.warning`) goes with the values, through averages over seeds and
differences between epochs.
"""

import numpy as np
import pandas as pd

from geomem.figures import scales, style
from geomem.figures.style import Look
from geomem.warning import unpack

OPEN = Look("warned", style.GREY, "o", "none", "white")
BEYOND = Look("warned, beyond", style.GREY, "^", "none", "white")
LINE, MOST = 0.09, 0.6  # height of a line of edge marks, and of all, as fractions of the axes
LONGEST, MOST_LAYERS, MOST_BEYOND = 110, 8, 12  # of the caption


def mark(curves):
    """Draw values with a warning as open marks: in place, or at the edge that they are beyond.

    A line is interrupted where it would leave the axes, whose edges get room for the marks alone:
    a value that this room would hold is beyond the axes too.

    Parameters
    ----------
    curves : list of Curve
        Of one or more axes, which have the same vertical range, final but for that room.

    Returns
    -------
    list of Line2D
        What the legend shows.
    """
    panels = {}
    for curve in curves:
        panels.setdefault(curve.axes, []).append(curve)
    if not any(curve.warned.any() for curve in curves):
        return []
    limits = curves[0].axes.get_ylim()
    below, above = (
        max(len(_edge(axes, limits, found, side)) for axes, found in panels.items())
        for side in (0, 1)
    )
    step = min(LINE, MOST / max(below + above, 1))
    height = (limits[1] - limits[0]) / (1 - step * (below + above))
    roomy = limits[0] - step * below * height, limits[1] + step * above * height
    kept, moved = False, False
    for axes, found in panels.items():
        axes.set(ylim=roomy, xlim=axes.get_xlim())  # a mark at an edge may not widen it by rounding
        for curve in found:
            kept |= _open_in_place(curve, limits)
        for side in (0, 1):
            for i, points in enumerate(_edge(axes, limits, found, side)):
                for point in points:
                    _draw_beyond(axes, *point, side, abs(side - (i + 0.5) * step))
                    moved = True
    return [style.handle(look) for look, used in ((OPEN, kept), (BEYOND, moved)) if used]


def _open_in_place(curve, limits):
    """Open the marks within the limits and interrupt the line at the others; whether any are."""
    value = curve.summary["value"].to_numpy(float)
    inside = (value >= limits[0]) & (value <= limits[1])
    curve.line.set_ydata(np.where(curve.warned & ~inside, np.nan, value))
    here = curve.warned & inside
    style.interval_bars(curve, here)
    if here.any():
        curve.axes.plot(
            curve.x[here],
            value[here],
            linestyle="none",
            color=curve.look.color,
            marker=curve.look.marker or "p",  # controls have none
            markersize=4.4,
            markerfacecolor="white",
            clip_on=False,  # those on an edge are seen whole
            zorder=2.2,
            label="_warned",
        )
    return bool(here.any())


def _edge(axes, limits, curves, side):
    """Points beyond the lower (side 0) or upper (1) limit, in lines whose texts do not overlap.

    A point is (curve, x, text, whether the text is on the left).
    """
    beyond = []
    for curve in curves:
        value = curve.summary["value"].to_numpy(float)
        out = value > limits[1] if side else value < limits[0]
        out &= curve.warned
        beyond += [(curve, x, number(v)) for x, v in zip(curve.x[out], value[out], strict=True)]
    axes.get_xlim()  # settles the horizontal range
    inch = axes.figure.dpi / axes.get_window_extent().width  # before the layout, so about
    lines = []
    for curve, x, text in sorted(beyond, key=lambda point: point[1]):
        place = axes.transAxes.inverted().transform(axes.transData.transform((x, limits[0])))[0]
        left = place > 0.7
        length = (0.09 + 0.052 * len(text)) * inch
        before, after = (length, 0.05 * inch) if left else (0.05 * inch, length)
        start, end = place - before, place + after
        free = (line for line in lines if all(end < a or start > b for a, b in line))
        line = next(free, None)
        if line is None:
            line = {}
            lines.append(line)
        line[start, end] = curve, x, text, left
    return [list(line.values()) for line in lines]


def _draw_beyond(axes, curve, x, text, left, side, height):
    """A triangle that points out of the axes, with its value, at a fraction of the height."""
    place = axes.get_xaxis_transform()
    axes.plot(
        [x],
        [height],
        linestyle="none",
        color=curve.look.color,
        marker="v^"[side],
        markersize=4.4,
        markerfacecolor="white",
        transform=place,
        zorder=3,
        label="_beyond",
    )
    axes.annotate(
        text,
        (x, height),
        xycoords=place,
        xytext=(-4 if left else 4, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=5.5,
        color=curve.look.color,
    )


def number(value):
    """A value as the figures write it, to three digits or whole."""
    if not np.isfinite(value):
        return "−∞" if value < 0 else "∞"
    text = f"{value:.0f}" if 100 <= abs(value) < 1e5 else f"{value:#.3g}".rstrip(".")
    return text.replace("-", "−")


def note(curves):
    """Say, for a caption, how many values have which warning, and in which layers.

    Parameters
    ----------
    curves : list of Curve
        With columns `metric`, `layer` and `layer_index` in the summaries.

    Returns
    -------
    str
        Empty where no value has one.
    """
    if not any(curve.warned.any() for curve in curves):
        return ""
    drawn = pd.concat([curve.summary for curve in curves], ignore_index=True)
    rows = drawn.assign(warning=drawn["warnings"].fillna("").map(unpack)).explode("warning")
    rows = rows[rows["warning"].notna()]
    found = []
    for _, of_cause in rows.groupby([known.code for known in rows["warning"]], sort=False):
        metrics = list(dict.fromkeys(of_cause["metric"]))
        count, total = of_cause.index.nunique(), drawn["metric"].isin(metrics).sum()
        texts = list(dict.fromkeys(known.text for known in of_cause["warning"]))
        others = "" if len(texts) == 1 else " and the same with other numbers"
        where = f"{count} of {total} values, in {_layers(of_cause)}"
        said = scales.shortened(texts[0], LONGEST)
        found.append(f"{', '.join(metrics)} ({where}): “{said}”{others}")
    return (
        "Open marks: values with a warning in any of their seeds, which widen the axes by half the "
        f"range of the others at most: {'; '.join(found)}.{_beyond(curves)}"
    )


def _beyond(curves):
    """Sentence with the intervals of the values that are beyond the axes, where no bar can be."""
    texts = []
    for curve in curves:
        ends = curve.summary[["value", "lo", "hi"]].to_numpy(float)
        interrupted = np.isnan(curve.line.get_ydata()) & ~np.isnan(ends[:, 0])
        layers = curve.summary["layer"].to_numpy()[interrupted]
        for layer, (value, lo, hi) in zip(layers, ends[interrupted], strict=True):
            known = np.isfinite(lo) and np.isfinite(hi)
            interval = f" ({number(lo)} to {number(hi)})" if known else ""
            kind = curve.look.label.removeprefix("control: ")
            texts.append(f"{kind} {scales.layer_label(layer)} {number(value)}{interval}")
    more = f" and {len(texts) - MOST_BEYOND} more" if len(texts) > MOST_BEYOND else ""
    listed = ", ".join(texts[:MOST_BEYOND])
    return f" Beyond the axes, with their intervals: {listed}{more}." if texts else ""


def _layers(rows):
    names = rows.sort_values("layer_index")["layer"].unique()
    shown = ", ".join(map(scales.layer_label, names[:MOST_LAYERS]))
    return shown if len(names) <= MOST_LAYERS else f"{shown} and {len(names) - MOST_LAYERS} more"
