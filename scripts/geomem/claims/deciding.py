"""What would decide an undecided statement, from its intervals."""

import numpy as np

from geomem.claims.words import SOURCES

_MORE = {"manifolds": "classes", "images": "images"}


def half_widths(row):
    """Half-width of the interval by source of uncertainty, of those that play a part.

    Parameters
    ----------
    row : namedtuple
        Of the claims table.

    Returns
    -------
    dict of str to float
        Infinite where a source's part is not known.
    """
    names = (*SOURCES, "seeds")
    halves = {name: (getattr(row, f"{name}_hi") - getattr(row, f"{name}_lo")) / 2 for name in names}
    return {name: half for name, half in halves.items() if half > 0}


def dominant(row):
    """The source with the largest part of the squared width of the whole interval.

    Returns
    -------
    (str, float) or None
        A key of `geomem.claims.words.INTERVALS` and its fraction; None where there is none or one
        is not known.
    """
    halves = half_widths(row)
    total = sum(half**2 for half in halves.values())
    if not halves or not np.isfinite(total):
        return None
    name = max(halves, key=halves.get)
    return name, halves[name] ** 2 / total


def advice(row, min_seeds):
    """What would decide an undecided statement, in words.

    Parameters
    ----------
    row : namedtuple
        Of the claims table, with what it needs (`geomem.claims.judge.judge_all`).
    min_seeds : int
        The setting that it was judged with.

    Returns
    -------
    str
        "" where the verdict is not undecided, or the statement's remark alone says what is missing.
    """
    if row.verdict != "undecided" or np.isinf(row.total_lo):
        return ""
    if not row.total_lo <= row.threshold <= row.total_hi:
        few = row.n_seeds < min_seeds
        return f"{min_seeds} seeds, if they agree with what there is" if few else ""
    ways = []
    if np.isfinite(row.seeds_needed):
        ways.append(f"{max(int(row.seeds_needed), min_seeds)} seeds")
    for source, units in _MORE.items():
        times = getattr(row, f"{source}_times")
        if np.isfinite(times):
            ways.append(f"{times:.2g} times as many {units}")
    if ways:
        kept = "if mean and spread stay as they are (probability 0.8)"
        return f"{' or '.join(ways)}, {kept}"
    if row.n_seeds < 2:
        return f"at least {max(min_seeds, 2)} seeds; one does not tell how much seeds differ"
    return "more of everything: neither seeds nor classes nor images would do alone"
