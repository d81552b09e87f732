"""What would decide an undecided statement, from its intervals."""

import numpy as np
from scipy.special import stdtrit

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
MOST = 1000  # seeds


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


def seeds_to_decide(distance, spread, others, confidence, most=MOST):
    """How many seeds it takes until the interval of an effect ends before its threshold.

    Half-widths add in quadrature, as in `geomem.claims.uncertainty`. The mean, the spread between
    seeds and the other sources are taken to stay as they are.

    Parameters
    ----------
    distance : float
        Of the effect from the threshold.
    spread : float
        Standard deviation of the effect between seeds.
    others : float
        Half-width from all sources but seeds.
    confidence : float
    most : int

    Returns
    -------
    int or None
        None where more than `most` do not suffice.
    """
    for n in range(2, most + 1) if others < distance else ():
        student = stdtrit(n - 1, 0.5 + confidence / 2)
        if np.hypot(student * spread / np.sqrt(n), others) < distance:
            return n
    return None


def advice(row, confidence, min_seeds):
    """What would decide an undecided statement, in words.

    Parameters
    ----------
    row : namedtuple
        Of the claims table.
    confidence, min_seeds : float, int
        The settings that it was judged with.

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
    seeds = halves.pop("seeds", 0.0)
    spread = seeds * np.sqrt(row.n_seeds) / stdtrit(row.n_seeds - 1, 0.5 + confidence / 2)
    others = float(np.sqrt(sum(half**2 for half in halves.values())))
    distance = abs(row.effect - row.threshold)
    needed = seeds_to_decide(distance, spread, others, confidence)
    if needed:
        return f"about {max(needed, min_seeds)} seeds, if mean and spread stay as they are"
    if others >= distance:
        largest = max(halves, key=halves.get)
        return (
            f"{_MORE[largest]}; more seeds alone would not do, since what is uncertain within "
            "each seed reaches the threshold by itself"
        )
    return f"no number of seeds up to {MOST:,}; the effect is at the threshold"
