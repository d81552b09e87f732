"""Effects of several experiments by what differs in them: a forest plot, a panel per target."""

import textwrap

import numpy as np

from geomem.claims.compare import AS_IT_IS, PANEL, described
from geomem.figures import style

LOOKS = {
    "supported": ("#0072B2", "#0072B2"),
    "contradicted": ("#D55E00", "#D55E00"),
    "undecided": (style.GREY, "white"),
}
_ROW = 0.19  # inches
_PANELS = 3  # side by side


@style.styled
def draw(table):
    """Every effect with its interval; the part of the axis where the statement holds is tinted.

    Parameters
    ----------
    table : DataFrame
        As `geomem.claims.compare.compared` gives it.

    Returns
    -------
    matplotlib Figure
    """
    panels = [rows for _, rows in table.groupby(PANEL, sort=False)]
    lines = list(dict.fromkeys(map(_line, table.itertuples())))
    columns = min(_PANELS, len(panels))
    rows = -(-len(panels) // columns)
    figure, grid = style.panels(rows, columns, height=_ROW * len(lines) + 0.75, sharey=True)
    for axes, of_panel in zip(grid.flat, panels, strict=False):
        _panel(axes, of_panel, lines)
    style.hide_empty(grid)
    style.caption(
        figure,
        "Blue: supported; orange: contradicted; open: undecided. Tinted: where the statement "
        "holds. Lines: whole interval with the range over removed directions; those that reach "
        f"the frame go on. Thin vertical line: {AS_IT_IS}, what the others are compared with.",
    )
    return figure


def _range(rows, threshold):
    """Ends of the axis: all effects and the threshold, and intervals as far as they leave room."""
    known = [*rows["effect"], threshold]
    least, most = min(known), max(known)
    room = 0.6 * (most - least) or abs(most) or 1.0
    low = max(np.nanmin([*rows["lo"], least]), least - room)
    high = min(np.nanmax([*rows["hi"], most]), most + room)
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _line(row):
    return f"{described(row)}, GLUE" if row.estimator == "glue" else described(row)


def _panel(axes, rows, lines):
    first = rows.iloc[0]
    low, high = _range(rows, first.threshold)
    for row in rows.itertuples():
        edge, face = LOOKS.get(row.verdict, LOOKS["undecided"])
        y = -lines.index(_line(row))
        ends = np.clip([row.lo, row.hi], low - 1, high + 1)  # infinite ones reach the frame
        axes.plot(ends, [y, y], color=edge, linewidth=1.1, solid_capstyle="butt")
        axes.plot(row.effect, y, "o", color=edge, markerfacecolor=face, markersize=3.6)
    holds = (first.threshold, high) if first.bound == "at least" else (low, first.threshold)
    axes.axvspan(*holds, color="#0072B2", alpha=0.08, linewidth=0)
    axes.axvline(first.threshold, color=style.GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    base = rows[(rows["setting"] == AS_IT_IS) & (rows["network"] == "")]
    for effect in base["effect"][:1]:
        axes.axvline(effect, color=style.GREY, linewidth=0.5)
    axes.set_xlim(low, high)
    axes.set_ylim(0.6 - len(lines), 0.6)
    axes.set_yticks(-np.arange(len(lines)), lines)
    axes.set_title(textwrap.fill(f"{first.target} ({first.bound} {first.threshold:g})", 30))
    axes.set_xlabel("effect")
