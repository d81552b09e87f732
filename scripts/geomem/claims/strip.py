"""An effect with its intervals and its threshold as a small inline picture."""

import html

import numpy as np

from geomem.claims.deciding import half_widths
from geomem.claims.words import INTERVALS

_WIDTH, _LEFT, _RIGHT, _TOP, _LINE = 340, 6, 124, 20, 13


def strip(row, text):
    """SVG of a row: a dashed threshold, a tint where the statement holds, a line per interval.

    The thick line is the whole interval, with the effect on it; below it are its sources and, where
    it was measured, the range over the numbers of removed directions. Colours are the page's.

    Parameters
    ----------
    row : namedtuple
        Of the claims table, with a finite effect.
    text : str
        What it shows, for those who do not see it.

    Returns
    -------
    str
    """
    parts = ["total", *half_widths(row), "low_rank"]
    ends = {name: (getattr(row, f"{name}_lo"), getattr(row, f"{name}_hi")) for name in parts}
    ends = {name: pair for name, pair in ends.items() if not np.isnan(pair[0])}
    known = [value for pair in ends.values() for value in pair if np.isfinite(value)]
    known += [row.effect, row.threshold]
    low, high = min(known), max(known)
    room = 0.08 * (high - low) or abs(high) or 1.0
    low, high = low - room, high + room
    span = _WIDTH - _LEFT - _RIGHT

    def place(value):
        return round(_LEFT + span * float(np.clip((value - low) / (high - low), 0, 1)), 1)

    height = _TOP + _LINE * max(len(ends), 1) + 6
    at, end = place(row.threshold), _LEFT + span
    left, right = (at, end) if row.bound == "at least" else (_LEFT, at)
    sign = "≥" if row.bound == "at least" else "≤"
    lines = [
        f"<svg class='strip {row.verdict}' viewBox='0 0 {_WIDTH} {height}' width='{_WIDTH}' "
        f"height='{height}' role='img' aria-label='{html.escape(text, quote=True)}'>",
        f"<rect class='holds' x='{left}' y='{_TOP - 6}' width='{max(right - left, 0):.1f}' "
        f"height='{height - _TOP + 6}'/>",
        f"<line class='threshold' x1='{at}' x2='{at}' y1='{_TOP - 6}' y2='{height}'/>",
        f"<text x='{np.clip(at, 20, end - 10):.1f}' y='10' text-anchor='middle'>"
        f"{sign} {row.threshold:g}</text>",
    ]
    for i, (name, (start, stop)) in enumerate(ends.items()):
        y = _TOP + _LINE * i + 3
        kind = name if name in ("total", "low_rank") else "source"
        known_ends = "" if np.isfinite([start, stop]).all() else " not known"
        lines.append(
            f"<line class='{kind}{known_ends.replace(' not known', ' unknown')}' "
            f"x1='{place(start)}' x2='{place(stop)}' y1='{y}' y2='{y}'/>"
            f"<text class='{kind}' x='{end + 8}' y='{y + 3.5}'>{INTERVALS[name]}{known_ends}</text>"
        )
    lines.append(f"<circle cx='{place(row.effect)}' cy='{_TOP + 3}' r='4'/></svg>")
    return "".join(lines)
