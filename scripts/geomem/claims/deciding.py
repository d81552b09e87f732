"""What would decide an undecided statement, from its intervals."""

import numpy as np

from geomem.statistics.planning import MOST_SEEDS

SOURCES = {
    "vectors": "Gaussian vectors",
    "manifolds": "manifolds",
    "images": "images",
    "seeds": "seeds",
}
_MORE = {
    "vectors": "more Gaussian vectors (geometry.n_t)",
    "manifolds": "more classes (analysis.classes)",
    "images": "more images to measure on (data, rewind.train_images, gradients.per_class)",
}


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
    ends = {name: (getattr(row, f"{name}_lo"), getattr(row, f"{name}_hi")) for name in SOURCES}
    halves = {name: (high - low) / 2 for name, (low, high) in ends.items()}
    return {name: half for name, half in halves.items() if half > 0}


def dominant(row):
    """The source with the largest part of the squared width of the whole interval.

    Returns
    -------
    (str, float) or None
        A key of `SOURCES` and its fraction; None where there is none or one is not known.
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
        Of the claims table.
    min_seeds : int
        As it was judged with.

    Returns
    -------
    str
        "" where the verdict is not undecided, or the statement's remark alone says what is missing.
    """
    halves = half_widths(row)
    if row.verdict != "undecided" or np.isinf(list(halves.values())).any():
        return ""
    if not row.total_lo <= row.threshold <= row.total_hi:
        few = row.n_seeds < min_seeds
        return f"{min_seeds} seeds, if they agree with what there is" if few else ""
    if row.n_seeds < 2:
        return f"at least {max(min_seeds, 2)} seeds; one does not tell how much seeds differ"
    if np.isfinite(row.seeds_needed):
        return f"about {int(row.seeds_needed)} seeds, if mean and spread stay as they are"
    ways = [
        f"{times:.2g} times as many {what}"
        for times, what in ((row.manifolds_times, "classes"), (row.images_times, "images"))
        if np.isfinite(times) and times > 1
    ]
    halves.pop("seeds", None)
    others = float(np.sqrt(sum(half**2 for half in halves.values())))
    if others < abs(row.effect - row.threshold):
        return f"no number of seeds up to {MOST_SEEDS:,}; the effect is at the threshold"
    largest = max(halves, key=halves.get)
    advised = f"{' or '.join(ways)}, that is {_MORE[largest]}" if ways else _MORE[largest]
    return (
        f"{advised}; more seeds alone would not do, since what is uncertain within each seed "
        "reaches the threshold by itself"
    )
