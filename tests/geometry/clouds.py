"""Point clouds of several kinds, centred, in units of their centre's norm: (D, m)."""

import numpy as np


def gaussian(rng):
    return _centered(rng.standard_normal((20, 15)))


def tight(rng):
    return _centered(0.2 * rng.standard_normal((12, 20)))


def low_rank(rng):
    return _centered(4.0 * rng.standard_normal((16, 3)) @ rng.standard_normal((3, 14)))


def curve(rng):
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    return np.array([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])


def clustered(rng):
    return _centered(np.repeat(2.0 * rng.standard_normal((10, 4)), 5, axis=1) + _noise(rng))


def many_points(rng):
    return _centered(rng.standard_normal((5, 60)))


KINDS = (gaussian, tight, low_rank, curve, clustered, many_points)


def _noise(rng):
    return 0.1 * rng.standard_normal((10, 20))


def _centered(points):
    return points - points.mean(axis=1, keepdims=True)
