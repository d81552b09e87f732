"""Arguments that many functions take: checked, with one message each."""

import numbers

import numpy as np

from geomem.errors import InputError


def check_confidence(confidence):
    """Raise InputError unless it is a number between 0 and 1."""
    if not isinstance(confidence, numbers.Real) or not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence!r}; expected a number between 0 and 1")


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
