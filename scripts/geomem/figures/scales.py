"""What axes show: ranges that hold every value, ticks of epochs and layers, and their names."""

import re

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from geomem.figures import style


def include(axes, values, *, room=0.06):
    """Widen the vertical range of `axes` to show `values` too."""
    if len(values):
        low, high = axes.get_ylim()
        margin = room * (high - low)
        axes.set_ylim(min(low, min(values) - margin), max(high, max(values) + margin))


def frame_values(axes_list, summaries, *, positive=False, beyond=0.5):
    """Give axes one vertical range that holds every value, and intervals within reason.

    With two seeds a Student t interval is thirteen standard errors wide; drawn whole it would
    flatten the curves. Intervals therefore widen the range by at most `beyond` times the spread
    of the values on each side, and run off the axes after that; so do values with a warning, unless
    there are no others. Returns a sentence that says so where any interval does, for the caption.
    """
    frames = [s[["value", "lo", "hi"]].to_numpy(float) for s in summaries if len(s)]
    every = np.concatenate(frames) if frames else np.empty((0, 3))
    warned = np.concatenate([np.zeros(0, bool), *map(style.has_warning, summaries)])
    finite = np.isfinite(every[:, 0])
    every, framed = every[finite], every[finite & ~warned]
    if not len(every):
        return ""
    framed = framed if len(framed) else every
    least, most = framed[:, 0].min(), framed[:, 0].max()
    spread = most - least or abs(most) or 1.0
    low, high = least - beyond * spread, most + beyond * spread
    near = every[(every[:, 0] >= low) & (every[:, 0] <= high)]
    low, high = max(low, np.nanmin(near)), min(high, np.nanmax(near))
    shown = every[(every[:, 0] >= low) & (every[:, 0] <= high)]
    cut = (shown[:, 1] < low).any() or (shown[:, 2] > high).any()
    margin = 0.06 * (high - low or spread)
    low = max(low - margin, 0.0) if positive else low - margin
    for axes in axes_list:
        axes.set_ylim(low, high + margin)
    return "Intervals that leave the axes are cut off." if cut else ""


def epoch_axis(axes, epochs):
    """Label the epoch axis; logarithmic beyond 1 where most epochs crowd at its start."""
    axes.set_xlabel(style.LABELS["epoch"])
    every = np.unique(np.asarray(epochs, float))
    epochs = every[every % 1 == 0]  # not the mean of several seeds' best epochs
    if len(epochs) > 2 and np.median(epochs) < epochs[-1] / 4:
        axes.set_xscale("symlog", linthresh=1, linscale=0.5)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda epoch, _: f"{epoch:g}"))
        axes.set_xticks(_ticks(epochs), minor=False)
        axes.minorticks_off()
        axes.set_xlim(-0.12, epochs[-1] * 1.25)
    elif len(every) == 1:
        axes.set_xticks(every)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def mark_epochs(axes, epochs, label):
    """Dotted vertical lines at the distinct epochs."""
    for epoch in sorted(set(epochs)):
        axes.axvline(epoch, color=style.GREY, linewidth=0.8, linestyle=":", label=label, zorder=1.5)


def _ticks(epochs, shortest=1.6):
    """Those of the epochs that are far enough apart on a logarithmic axis for their numbers."""
    chosen = [epochs[-1]]
    for epoch in epochs[-2::-1]:
        if epoch == 0 or (epoch + 0.3) * shortest <= chosen[-1]:
            chosen.append(epoch)
    return chosen[::-1]


def layer_axis(axes, names, most=24):
    """Ticks 0, 1, ... named after the layers, upright where they are many or long.

    Of more than `most` layers every second, third, ... has a tick, the last one always.
    """
    step = -(-len(names) // most)
    ticked = range(len(names) - 1, -1, -step)[::-1]
    crowded = len(names) > 5 or max(len(layer_label(name)) for name in names) > 8
    axes.set_xticks(ticked, [layer_label(names[i]) for i in ticked])
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_xlabel("layer")
    axes.tick_params(axis="x", labelrotation=90 if crowded else 0)
    if len(ticked) > 16:
        axes.tick_params(axis="x", labelsize=5.2)


def layer_label(name, longest=18):
    """A layer's name; of a long path, such as "blocks3.unit1.conv2", "b3.u1.conv2"."""
    *path, last = name.split(".")
    if len(name) > longest:
        name = ".".join([*(re.sub(r"(?<=[A-Za-z])[A-Za-z_]+", "", part) for part in path), last])
    return shortened(name, longest)


def shortened(text, longest):
    """`text`, with its middle left out where it is longer than `longest` characters."""
    if len(text) <= longest:
        return text
    tail = (longest - 1) // 2
    return f"{text[: longest - 1 - tail]}…{text[-tail:]}"
