"""Arguments that many functions take: checked, with one message each."""

import numbers

import numpy as np

from geomem.errors import InputError


def check_confidence(confidence):
    """Raise InputError unless it is a number between 0 and 1."""
    if not isinstance(confidence, numbers.Real) or not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence!r}; expected a number between 0 and 1")


def check_kappa(kappa):
    """Raise InputError unless it is a finite number."""
    if not isinstance(kappa, numbers.Real) or not np.isfinite(kappa):
        raise InputError(f"kappa is {kappa!r}; expected a finite number")


def check_choice(value, name, choices):
    """Raise InputError unless it is one of some words."""
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{name} is {value!r}; expected one of {', '.join(choices)}")


def check_pair(first, second, kind):
    """Raise InputError unless two results are of the class `kind` and can be compared in pairs.

    They have a method `key`: what they must have in common, by name.
    """
    for result in (first, second):
        if not isinstance(result, kind):
            raise InputError(f"{type(result).__name__} is no {kind.__name__}; give two of these")
    if told := differing(first.key(), second.key()):
        raise InputError(
            f"the geometries cannot be compared in pairs: {told}; measure both with the "
            "same random_state, n_t and settings, and the same points in each manifold"
        )


def differing(first, second, allowed=()):
    """In what two keys (what results must have in common, by name) differ, in words; "" if equal.

    Names in `allowed` may differ.
    """
    names = [name for name in first | second if name not in allowed]
    pairs = [(name, first.get(name), second.get(name)) for name in names]
    return ", ".join(_told(*pair) for pair in pairs if pair[1] != pair[2])


def _told(name, one, other):
    if name == "points per manifold" and len(one) != len(other):
        return f"there are {len(one)} and {len(other)} manifolds"
    if name == "points per manifold":
        place = next(i for i in range(len(one)) if one[i] != other[i])
        return f"manifold {place} has {one[place]} and {other[place]} points"
    if name == "labels":
        return "they are of other labels"
    return f"{name} is {one} and {other}"


def as_seed(random_state):
    """The whole number that decides all draws, from what callers may give."""
    if random_state is None:
        return np.random.SeedSequence().entropy
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if isinstance(random_state, numbers.Integral) and random_state >= 0:
        return int(random_state)
    raise InputError(
        f"random_state is {random_state!r}; expected None, a whole number from 0 up or a "
        "numpy.random.Generator"
    )
