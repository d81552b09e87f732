"""The low-rank structure shared by the centres, found and removed before the geometry.

Classes that resemble each other have centres with directions in common. A linear readout ignores
those, so capacity is measured with the points' components along them taken off (Cohen et al., Nat.
Commun. 11, 746, 2020, methods). The authors take each direction off as a whole and search for the
number K of them; that rule is in `lowrank_authors`. The default here takes directions off in part.

Shrinkage: the eigenvectors of the correlation matrix of the centres (about their mean, each of unit
length) are the directions that they share, an eigenvalue e the number of centres' worth of squared
length along one. Its mean over the dimensions that the centres span is what a direction has where
nothing is shared. Components along eigenvectors with e above THRESHOLD times that mean are
multiplied by (THRESHOLD mean / e)^POWER. This is a continuous function of the data, without a
search: rotation, scale, order and rounding cannot change which minimum is found.
docs/low-rank.md compares it, and other rules, with simulated capacity.
"""

import numbers
from dataclasses import dataclass, field

import numpy as np

from geomem.errors import InputError
from geomem.geometry import lowrank_authors
from geomem.geometry.arguments import check_choice
from geomem.geometry.center_fits import descend, left_of
from geomem.geometry.residual import NO_CENTER
from geomem.warning import MeasurementWarning

RULES = ("shrinkage", "authors")
THRESHOLD, POWER = 2.0, 2
PLAUSIBLE = (1.75, 2.25)  # other thresholds, which simulated capacity does not tell from it
STARTS = 10  # random ones for each K, authors' rule
FINAL_TOLERANCE = 1e-20  # for the fit chosen: rounding in the centres must not show in capacity
FINAL_ITERATIONS = 1000
SHORT = 1e-2  # squared fraction left of a centre below which its manifold is named in a warning
RANK = 1e-10  # eigenvalues below this fraction of the largest are rounding of the products
PROFILE = 1.5  # a profile goes beyond all eigenvalues above so many means


@dataclass(frozen=True)
class LowRankLevel:
    """One number of directions, each taken off as a whole, or the structure that is used.

    Attributes
    ----------
    k : float
        Number of directions; one taken off in part counts as the fraction of the squared length
        along it that goes.
    eigenvalue : float
        Of the last of them, over the mean eigenvalue. NaN for K = 0, the structure that is used,
        and the authors' rule.
    cost : float
        Half the sum of squared cosines between residual centres, each with itself included.
    bound : float
        The least cost that any P vectors in the remaining dimensions can have (Welch, IEEE Trans.
        Inf. Theory 20, 397, 1974). At the bound every further direction is as good as any other.
    correlation : float
        Mean over pairs of |cos| between residual centres.
    smallest_fraction : float
        Squared length left of the centre that is shortened most, as a fraction.
    plausible : bool
        Whether K is among the numbers that the thresholds `PLAUSIBLE` give. With the authors' rule
        for the K chosen alone.
    weights : ndarray, shape (P, n)
        The directions as combinations of the centres: orthogonal, their squared lengths the
        fractions that go.
    """

    k: float
    eigenvalue: float
    cost: float
    bound: float
    correlation: float
    smallest_fraction: float
    plausible: bool
    weights: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class LowRank:
    """Directions common to the centres.

    Attributes
    ----------
    weights : ndarray, shape (P, n)
        The directions taken off as combinations of the centres: orthogonal, their squared lengths
        (1 for the authors' rule and for a given number) the fractions of squared lengths that go.
    k : float
        Sum of these fractions: the number of directions removed.
    center_correlation : float
        Mean over pairs of |cos| between the centres about their mean, nothing removed. NaN
        where fewer than two centres differ from the mean.
    profile : tuple of LowRankLevel
        By rising K; empty where nothing was looked for.
    plausible : tuple of ndarray, shape (P, n)
        Weights by the thresholds `PLAUSIBLE`. Empty for the authors' rule and a given number.
    warnings : tuple of MeasurementWarning
    """

    weights: np.ndarray
    k: float
    center_correlation: float
    profile: tuple = ()
    plausible: tuple = ()
    warnings: tuple = ()


def find_low_rank(
    centers, rng, run, *, scatter=0.0, noise=0.0, remove=True, rule="shrinkage", k="auto",
    starts=None,
):  # fmt: skip
    """Find the directions to remove.

    Parameters
    ----------
    centers : ndarray, shape (P, P)
        Products of the centres; any common shift of them is taken off.
    rng : numpy.random.Generator
        Draws the random starts of the authors' rule.
    run : callable
        `map` that returns a list; the authors' starts run through it side by side.
    scatter : ndarray, shape (P,), or float
        Mean squared distance of each manifold's points from their centre: centres that are shorter
        by far are rounding of it.
    noise : ndarray, shape (P,), or float
        Eigenvalue of the products of the centres up to which rounding of the points explains it, by
        the points of each manifold.
    remove : bool
        False: measure the correlation only.
    rule : {"shrinkage", "authors"}
    k : int or "auto"
        Number of directions to take off as a whole; "auto": as the rule says.
    starts : int, optional
        Random starts for each K with the authors' rule; default 10, as in the paper's code.

    Returns
    -------
    LowRank

    Raises
    ------
    InputError
        Names the option that cannot be used.
    """
    _check(rule, k, starts, len(centers))
    n_manifolds = len(centers)
    projector = np.eye(n_manifolds) - 1.0 / n_manifolds
    centered = projector @ centers @ projector
    # centres that are the mean itself have no direction: they take no part
    lengths = np.sqrt(np.maximum(np.diag(centered), 0.0))
    scale = max(lengths.max(), np.sqrt(max(np.trace(centers), 0.0)))
    kept = (lengths > 1e-10 * scale) & (lengths**2 > NO_CENTER * scatter)
    nothing = np.zeros((n_manifolds, 0))
    if kept.sum() < 2:
        warning = MeasurementWarning(
            "same-centers", "the centres coincide: they have no correlation, and nothing to remove"
        )
        return LowRank(nothing, 0.0, np.nan, warnings=(warning,))
    units = projector[:, kept] / lengths[kept]  # combinations of the centres, of unit length
    cosines = units.T @ centers @ units
    correlation = left_of(cosines).correlation
    if not remove or k == 0:
        return LowRank(nothing, 0.0, correlation)
    warnings = []
    if not kept.all():
        text = (
            "its centre is the mean of the centres; it takes no part in the centre correlation and "
            "the low-rank structure"
        )
        absent = tuple(np.flatnonzero(~kept).tolist())
        warnings.append(MeasurementWarning("center-is-mean", text, manifolds=absent))
    values, vectors = np.linalg.eigh(cosines)
    values, vectors = values[::-1], vectors[:, ::-1]
    # in units of the centres; a short one among them makes the others no less exact
    least = np.median(np.broadcast_to(noise, lengths.shape)[kept] / lengths[kept] ** 2)
    rank = int(np.sum(values > max(RANK * values[0], least)))
    # with one dimension left all residual centres are parallel, whatever was removed
    if rank < 3:
        text = (
            f"the centres span {rank} dimension(s), too few for a low-rank structure: none removed"
        )
        warnings.append(MeasurementWarning("few-center-dimensions", text))
        return LowRank(nothing, 0.0, correlation, warnings=tuple(warnings))
    if k != "auto" and k > rank - 2:
        text = (
            f"the centres span {rank} dimensions: {rank - 2} directions removed, not the {k} asked"
        )
        warnings.append(MeasurementWarning("fewer-directions", text))
        k = rank - 2
    along_units = units.T @ centers  # products of the unit centres with given ones

    def level(number, eigenvalue, weights, plausible):
        along = along_units @ weights
        left = left_of(cosines - along @ along.T)
        return LowRankLevel(
            k=float(number),
            eigenvalue=float(eigenvalue),
            cost=left.cost,
            bound=0.5 * len(cosines) ** 2 / (rank - number),
            correlation=left.correlation,
            smallest_fraction=float(left.fractions.min()),
            plausible=plausible,
            weights=weights,
        )

    plausible, others = (), ()
    if rule == "authors":
        found, number, remarks = _by_authors(centered, kept, k, starts or STARTS, rng, run)
        warnings += remarks
        weights = found[number]
        profile = [level(n, np.nan, each, n == number) for n, each in enumerate(found)]
    else:
        axes = units @ vectors[:, :rank] / np.sqrt(values[:rank])
        relative = values[:rank] / values[:rank].mean()
        if k == "auto":
            weights, number = _shrunk(axes, relative, THRESHOLD)
            plausible, others = zip(*(_shrunk(axes, relative, t) for t in PLAUSIBLE), strict=True)
        else:
            weights, number = axes[:, :k], k
        ends = min([number, *others]) - 1, max([number, *others]) + 1
        profile = [
            level(n, relative[n - 1] if n else np.nan, axes[:, :n], ends[0] < n < ends[1])
            for n in _whole_numbers(relative, k)
        ]
        if number not in [each.k for each in profile]:
            profile = sorted([*profile, level(number, np.nan, weights, True)], key=lambda at: at.k)
    fractions = 1.0 - ((along_units @ weights) ** 2).sum(axis=1)
    short = np.flatnonzero(kept)[fractions < SHORT]
    if len(short):
        text = (
            "less than a tenth of its centre's length is left after the low-rank structure is off; "
            "its radius says little"
        )
        about = {"metrics": ("radius",), "manifolds": tuple(short.tolist())}
        warnings.append(MeasurementWarning("short-center", text, **about))
    return LowRank(
        weights=weights,
        k=float(number),
        center_correlation=correlation,
        profile=tuple(profile),
        plausible=plausible,
        warnings=tuple(warnings),
    )


def _shrunk(axes, relative, threshold):
    """Weights that shrink the directions above the threshold, and how many go in sum."""
    above = relative[relative > threshold]
    going = 1.0 - (threshold / above) ** (2 * POWER)  # of the squared length
    return axes[:, : len(above)] * np.sqrt(going), float(going.sum())


def _whole_numbers(relative, k):
    """Numbers of directions for the profile: 0, 1, 2, 4, 8, ..., the same in every layer, and k."""
    most = max(int(np.sum(relative > PROFILE)), 1)
    powers = (2**power for power in range((most - 1).bit_length() + 1))
    found = {0, *(number for number in powers if number <= len(relative) - 2)}
    return sorted(found if k == "auto" else {*found, k})


def _by_authors(centered, kept, k, starts, rng, run):
    """Weights for each number of directions that was looked at, the number chosen, warnings."""
    values, vectors = np.linalg.eigh(centered)
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = int(np.sum(values > 1e-12 * values[0]))
    x = np.ascontiguousarray((vectors[:, :rank] * np.sqrt(values[:rank]))[kept])
    x /= np.sqrt((x**2).sum(axis=1)).mean()
    fractions = np.cumsum(values[:rank]) / values[:rank].sum()
    k_max = int(np.argmax(np.where(fractions < 0.95, fractions, 0.0))) + 11
    k_max = min(k_max, rank - 2) if k == "auto" else k
    fits = lowrank_authors.search(x, k_max, rng, run, starts=starts, stop=k == "auto")
    chosen = 1 + int(np.argmin([fit.correlation for fit in fits[1:]])) if k == "auto" else k
    fits[chosen] = descend(x, fits[chosen].v, FINAL_TOLERANCE, FINAL_ITERATIONS)
    warnings = []
    if not fits[chosen].converged:
        text = (
            f"the objective of the low-rank structure still fell after {FINAL_ITERATIONS} Newton "
            "steps"
        )
        warnings.append(MeasurementWarning("low-rank-not-converged", text))
    back = vectors[:, :rank] / np.sqrt(values[:rank])
    return [back @ fit.v for fit in fits], chosen, warnings


def _check(rule, k, starts, n_manifolds):
    check_choice(rule, "low_rank_rule", RULES)
    auto = isinstance(k, str) and k == "auto"
    if not auto and not (isinstance(k, numbers.Integral) and 0 <= k < n_manifolds):
        raise InputError(
            f"low_rank_k is {k!r}; expected 'auto' or a whole number from 0 to {n_manifolds - 1}"
        )
    if starts is not None and not (isinstance(starts, numbers.Integral) and starts >= 1):
        raise InputError(f"low_rank_starts is {starts!r}; expected a whole number from 1 up")
