"""What all figures share: colours, sizes, labels, intervals, and how they are written.

Colours are Okabe and Ito's, told apart with any colour vision; each manifold kind also has its own
marker, so that the figures survive a greyscale print.
"""

import contextlib
import functools
import itertools
import json
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps, rc_context, rc_params_from_file, rcdefaults, rcParams
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from geomem.errors import InputError
from geomem.storage.atomic import replacing

SINGLE, DOUBLE = 3.5, 7.2  # inches: one and two columns of a journal page
GREY = "#6b6b6b"
CAPTION = 0.8  # of the size of other texts
RC = dict(
    rc_params_from_file(
        Path(__file__).with_name("geomem.mplstyle"), fail_on_error=True, use_default_template=False
    )
)
_laid_over = {}  # settings of a style file of the user's


@dataclass(frozen=True)
class Look:
    """How one series is drawn: its legend text, colour, marker and line."""

    label: str
    color: str
    marker: str
    line: str | tuple = "-"
    face: str | None = None  # marker fill, the colour itself when None


@dataclass(frozen=True, eq=False)
class Curve:
    """A line drawn, with its n values.

    `summary` has a row for each, in the axis's unit; `x` (n,) and `warned` (n,), whether it has a
    warning, are arrays.
    """

    axes: object
    line: Line2D
    look: Look
    x: np.ndarray
    summary: pd.DataFrame
    warned: np.ndarray


KINDS = {
    "unpermuted": Look("unpermuted", "#009E73", "s"),
    "permuted": Look("permuted", "#D55E00", "^"),
    "restored": Look("restored", "#CC79A7", "D"),
    "test": Look("test", "#0072B2", "o"),
    "atypical": Look("atypical", "#E69F00", "v"),
}
# Manifolds without class structure, drawn behind the others in greys with lines of their own.
CONTROLS = {
    "shuffled": Look("shuffled classes", "#3d3d3d", "", (0, (4, 1.6))),
    "surrogate": Look("Gaussian points", "#7d7d7d", "", (0, (1, 1.3))),
}
# Kinds of recorded activations, whatever their names.
OTHERS = (("#0072B2", "o"), ("#D55E00", "^"), ("#009E73", "s"), ("#CC79A7", "D"), ("#E69F00", "v"))
PAPER = "#7f7f7f"
# For layers, epochs and widths: the part of plasma that has a contrast of 3 to white paper.
ORDERED = ListedColormap(colormaps["plasma"](np.linspace(0, 0.62, 256)), "ordered")
LABELS = {
    "epoch": "epoch",
    "accuracy": "accuracy (%)",
    "capacity": "capacity $\\alpha$\n(manifolds / feature)",
    "radius": r"radius $R_M$ (centre norms)",
    "dimension": r"dimension $D_M$ (directions)",
    "utility": "utility $\\Psi_M$\n(fraction)",
    "participation_ratio": "participation ratio\n(directions)",
    "intrinsic_dimension": "intrinsic dimension\n(two-NN)",
    "nc1": "NC1\n(class means)",
    "nc2_norms": "NC2, norms\n(mean norm)",
    "nc2_equal_angles": "NC2, spread of\nangles (cosine)",
    "nc2_widest_angles": "NC2, from widest\nangles (cosine)",
    "few_shot_snr": "signal-to-noise ratio\n(standard deviations)",
    "few_shot_error": "predicted error\n(fraction)",
    "shattering": "shattering dimension\n(accuracy)",
    "generalization": "cross-condition\ngeneralization (accuracy)",
    "linear_probe": "linear probe (accuracy)",
    "masc": "class subspaces, MASC\n(accuracy)",
    "cka": "CKA",
    "gradient": "gradient norm (nats / unit weight)",
}


def looks_of(kinds):
    """`{kind: Look}` of these kinds in the order drawn: controls, networks' kinds, then others."""
    known, present = {**CONTROLS, **KINDS}, set(kinds)
    for number, kind in enumerate(sorted(present - set(known))):
        known[kind] = Look(kind, *OTHERS[number % len(OTHERS)])
    return {kind: look for kind, look in known.items() if kind in present}


@contextlib.contextmanager
def shared():
    """Within it matplotlib draws with the shared settings, whatever the caller's are."""
    with rc_context():
        rcdefaults()
        rcParams.update({**RC, **_laid_over})
        yield


def lay_over(path):
    """Draw with a style file of the user's, laid over the shared settings, from now on.

    Parameters
    ----------
    path : str or None
        A matplotlib style file; None draws with the shared settings alone again.

    Raises
    ------
    InputError
        If the file cannot be read, or has a setting that matplotlib does not know or a value that
        it does not take.
    """
    _laid_over.clear()
    if path is None:
        return
    try:
        text = Path(path).read_text(encoding="utf-8")
        found = rc_params_from_file(path, fail_on_error=True, use_default_template=False)
    except (OSError, ValueError) as error:
        raise InputError(f"figure_style: {path}: {error}; give a matplotlib style file") from None
    rows = (line.partition("#")[0] for line in text.splitlines())
    names = [row.partition(":")[0].strip() for row in rows if row.strip()]
    if unknown := sorted(set(names) - set(rcParams)):
        raise InputError(
            f"figure_style: {path}: matplotlib has no setting {unknown[0]!r}; remove that line"
        )
    _laid_over.update(found)


def styled(draw):
    """Make a drawing function draw with the shared settings."""

    @functools.wraps(draw)
    def wrapped(*tables, **options):
        with shared():
            return draw(*tables, **options)

    return wrapped


def panels(rows, columns, *, width=DOUBLE, height, margin=0.75, **options):
    """A figure of rows x columns axes and its axes as an array.

    `width` is that of the figure, `height` that of a row, and `margin` the height left for what is
    above and below the rows, in inches.
    """
    figure = canvas(rows, width=width, height=height, margin=margin)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def canvas(rows, *, width=DOUBLE, height, margin=0.75):
    """A figure without axes, of the size that `panels` would give it."""
    figure = Figure(figsize=(width, rows * height + margin), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.04, h_pad=0.04, wspace=0.04, hspace=0.02)
    return figure


def curve(axes, x, summary, look, *, bars=False, markers=True, scale=1.0):
    """Draw mean values with their intervals, as a band or, for lone points, as bars.

    The intervals of values with a warning are left to `warned.mark`, which knows the axes' range.

    Parameters
    ----------
    axes : matplotlib Axes
    x : sequence of float, (n,)
    summary : DataFrame, n rows
        Columns `value`, `lo`, `hi` and, where there are any, `warnings`; not-a-number leaves a gap.
    look : Look
    bars : bool
        Bars even where there are several points.
    markers : bool
    scale : float
        Factor from the table's unit to the axis's.

    Returns
    -------
    Curve
    """
    x = np.asarray(x, float)
    summary = summary.assign(**scale * summary[["value", "lo", "hi"]].astype(float))
    value, lo, hi = (summary[name].to_numpy(float) for name in ("value", "lo", "hi"))
    warned = has_warning(summary)
    (line,) = axes.plot(
        x,
        value,
        linestyle=look.line,
        color=look.color,
        marker=look.marker if markers or len(x) == 1 else None,
        markerfacecolor=look.face or look.color,
        label=look.label,
    )
    banded = np.isfinite(value) & ~warned & (not bars)
    neighbours = np.pad(banded, 1)
    banded &= neighbours[:-2] | neighbours[2:]
    if banded.any():
        axes.fill_between(x, lo, hi, where=banded, color=look.color, alpha=0.18, linewidth=0)
    drawn = Curve(axes, line, look, x, summary, warned)
    interval_bars(drawn, ~banded & ~warned)
    return drawn


def interval_bars(curve, chosen):
    """Draw the intervals of the values that `chosen`, (n,) of bool, names as bars."""
    if chosen.any():
        value, lo, hi = curve.summary.loc[chosen, ["value", "lo", "hi"]].to_numpy(float).T
        length = np.clip([value - lo, hi - value], 0, None)
        options = {"fmt": "none", "elinewidth": 0.9, "capsize": 1.8}
        curve.axes.errorbar(curve.x[chosen], value, length, ecolor=curve.look.color, **options)


def has_warning(summary):
    """Which rows have a warning, as an array of bool."""
    if "warnings" not in summary:
        return np.zeros(len(summary), bool)
    return (summary["warnings"].fillna("") != "").to_numpy(bool)


def row_title(axes_row, text, longest=72):
    """Title of a row of narrow panels, in lines short enough not to push the panels apart."""
    axes_row[0].set_title(textwrap.fill(text, longest))


def handle(look):
    """What a legend shows for a look, where no curve has it alone."""
    return Line2D(
        [],
        [],
        linestyle=look.line,
        color=look.color,
        marker=look.marker,
        markerfacecolor=look.face or look.color,
        label=look.label,
    )


def paper_marks(axes, x, value, error, look):
    """Draw values traced from the paper with their tracing error, behind all others."""
    axes.errorbar(x, value, error, fmt="none", ecolor=look.color, elinewidth=0.6, zorder=1.8)
    axes.plot(
        x,
        value,
        linestyle="none",
        color=look.color,
        marker=look.marker,
        markerfacecolor=look.face or look.color,
        markersize=3.2,
        markeredgewidth=0.7,
        zorder=1.8,
        label=look.label,
    )


def hide_empty(grid):
    """Hide panels without data."""
    for axes in grid.flat:
        axes.set_visible(axes.has_data())


def tidy(grid):
    """Hide panels without data, and write a column's horizontal axis where the next differs."""
    hide_empty(grid)
    for column in grid.T:
        shown = [axes for axes in column if axes.get_visible()]
        for upper, lower in itertools.pairwise(shown):
            if _horizontal(upper) == _horizontal(lower):
                upper.tick_params(axis="x", labelbottom=False)
                upper.set_xlabel("")


def _horizontal(axes):
    texts = [tick.get_text() for tick in axes.get_xticklabels()]
    return axes.get_xlabel(), axes.get_xlim(), texts


def legend(figure, handles, *, columns=6, order=None):
    """One legend for the whole figure, above its panels; equal labels are shown once.

    Entries run along the rows, sorted by `order` of their label, by default manifold kinds first.
    """
    by_label = {handle.get_label(): handle for handle in handles}
    labels = [label for label in by_label if not label.startswith("_")]
    labels.sort(key=order or (lambda label: [*KINDS, label].index(label)))
    if labels:
        columns = min(columns, len(labels))
        while columns > 1 and _legend_width(labels, columns) > figure.get_figwidth():
            columns -= 1
        along_rows = [label for i in range(columns) for label in labels[i::columns]]
        shown = [by_label[label] for label in along_rows]
        figure.legend(shown, along_rows, loc="outside upper center", ncols=columns)
        _heighten(figure, 0.16 * (-(-len(labels) // columns) - 2))


def _legend_width(labels, columns, entry=0.52, gap=0.2, letter=0.054):
    """Width of a legend in inches, about: each column is as wide as its longest label."""
    longest = [max(map(len, labels[i::columns])) for i in range(columns)]
    return columns * entry - gap + letter * sum(longest)


def caption(figure, *sentences):
    """Small print below the panels: what the values are means of and what the intervals are."""
    text = " ".join(sentence for sentence in sentences if sentence)
    lines = textwrap.wrap(text, int(figure.get_figwidth() * 22))
    size = CAPTION * rcParams["font.size"]
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", size=size, color=GREY)
    _heighten(figure, 0.1 * (len(lines) - 2))


def _heighten(figure, inches):
    """Add height for lines that the margin does not hold, which would take it from the panels."""
    figure.set_figheight(figure.get_figheight() + max(inches, 0))


def save(figure, png, svg, provenance):
    """Write a figure as PNG and SVG; either path may be None.

    The SVG depends on the figure alone, byte for byte. The PNG carries `provenance` as JSON in a
    text chunk named "provenance".
    """
    with shared(), rc_context({"figure.constrained_layout.use": False}):
        figure.draw_without_rendering()
        # Keep this layout, so that both files show the same. With "none" in place of None each
        # file would be drawn twice.
        figure.set_layout_engine(None)
        if png:
            with replacing(png) as temporary:
                metadata = {"provenance": json.dumps(provenance)}
                figure.savefig(temporary, format="png", metadata=metadata)
        if svg:
            with replacing(svg) as temporary:
                figure.savefig(temporary, format="svg", metadata={"Date": None})
