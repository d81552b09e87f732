"""Participation ratio against brute force, theory, a named library, and its interval."""

import itertools

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.measures import participation_ratio, participation_ratio_from_gram
from geomem.measures.kernels import covariance_overlap, squared_total_variance
from geomem.statistics.resampling import jackknife

SPECTRUM = np.arange(1, 41) ** -0.5
TRUTH = (SPECTRUM**2).sum() ** 2 / (SPECTRUM**4).sum()


def sample(n, seed):
    return np.random.default_rng(seed).standard_normal((n, 40)) * SPECTRUM + 3


def test_plain_ratio_from_the_covariance():
    points = sample(60, 0)
    values = np.linalg.eigvalsh(np.cov(points.T, bias=True))
    expected = values.sum() ** 2 / (values**2).sum()
    assert participation_ratio(points, corrected=False).value == pytest.approx(expected, rel=1e-10)


def test_parts_are_means_over_different_points():
    points = sample(7, 1)
    fours = [points[list(four)] for four in itertools.permutations(range(7), 4)]
    overlap = np.mean([((x - y) @ (z - w)) ** 2 / 4 for x, y, z, w in fours])
    total = np.mean([((x - y) ** 2).sum() * ((z - w) ** 2).sum() / 4 for x, y, z, w in fours])
    gram = points @ points.T
    assert covariance_overlap(gram, gram) == pytest.approx(overlap, rel=1e-9)
    assert squared_total_variance(gram) == pytest.approx(total, rel=1e-9)


def test_numbers_of_the_authors_package():
    # dimensionality 0.1.4: participation_ratio(sample(60, 0), return_all=True), "row" and "naive"
    points = sample(60, 0)
    assert participation_ratio(points).value == pytest.approx(11.81610667531606, rel=1e-9)
    plain = participation_ratio(points, corrected=False).value
    assert plain == pytest.approx(9.809413350014676, rel=1e-9)


@pytest.mark.parametrize("n", [15, 60, 250])
def test_correction_does_not_depend_on_the_number_of_points(n):
    parts = [
        (squared_total_variance(g), covariance_overlap(g, g))
        for g in (x @ x.T for x in (sample(n, seed) for seed in range(400)))
    ]
    above, below = np.array(parts).T
    for found, expected in ((above, (SPECTRUM**2).sum() ** 2), (below, (SPECTRUM**4).sum())):
        assert abs(found.mean() - expected) < 4 * found.std() / 20
    plain = [participation_ratio(sample(n, s), corrected=False, groups=2).value for s in range(50)]
    assert 1 / np.mean(plain) == pytest.approx(1 / TRUTH + 1 / n, rel=0.06)


def test_rotation_scale_shift_and_order():
    points = sample(50, 2)
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((40, 40)))[0]
    expected = participation_ratio(points).value
    for moved in (points @ turn, 1e4 * points, points + 100.0, points[::-1]):
        assert participation_ratio(moved).value == pytest.approx(expected, rel=1e-9)
    found = participation_ratio_from_gram(points @ points.T)
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert found.lo < found.value < found.hi


def test_interval_covers():
    found = [participation_ratio(sample(120, seed), groups=40) for seed in range(300)]
    assert 0.92 < np.mean([estimate.lo <= TRUTH <= estimate.hi for estimate in found]) < 0.98


def test_jackknife_of_a_mean_is_students():
    values = np.random.default_rng(0).standard_normal(30)
    found = jackknife(lambda kept: values[kept].mean(), 30)
    reach = 2.045229642132703 * values.std(ddof=1) / np.sqrt(30)
    assert found.value == values.mean()
    assert found.hi - found.value == pytest.approx(reach) == found.value - found.lo


def test_points_that_are_the_same_have_no_ratio():
    found = participation_ratio(np.ones((6, 3)))
    assert np.isnan(found.value) and np.isnan(found.lo)


def test_what_cannot_be_used():
    with pytest.raises(InputError, match="points has shape"):
        participation_ratio(np.ones(5))
    with pytest.raises(InputError, match="4 points or more"):
        participation_ratio(np.ones((3, 5)))
    with pytest.raises(InputError, match="gram has shape"):
        participation_ratio_from_gram(np.ones((4, 5)))
    with pytest.raises(InputError, match="confidence is 2"):
        participation_ratio(sample(5, 0), confidence=2)
    with pytest.raises(InputError, match="groups is 1"):
        participation_ratio(sample(5, 0), groups=1)
