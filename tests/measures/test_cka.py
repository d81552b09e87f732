"""Linear CKA against its definition, theory and invariances."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.measures import linear_cka, linear_cka_from_grams

SIGNAL = np.array([2.0, 1.0, 0.5])


def pair(n, seed, noise=1.0, width=30):
    """Two representations with three directions in common; their CKA in the limit is known."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n, 3)) * SIGNAL
    first, second = (
        np.concatenate([common, noise * rng.standard_normal((n, width))], axis=1) for _ in range(2)
    )
    return first, second @ np.linalg.qr(rng.standard_normal((width + 3, width + 3)))[0] + 2


TRUTH = (SIGNAL**4).sum() / ((SIGNAL**4).sum() + 30)


def test_plain_value_from_cross_covariances():
    first, second = pair(50, 0)
    x, y = (z - z.mean(axis=0) for z in (first, second))
    expected = np.linalg.norm(x.T @ y) ** 2
    expected /= np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    assert linear_cka(first, second, debiased=False).value == pytest.approx(expected, rel=1e-12)


def test_debiased_value_does_not_depend_on_the_number_of_points():
    for n in (25, 100):
        debiased, plain = (
            [linear_cka(*pair(n, s), debiased=d, groups=2).value for s in range(200)]
            for d in (True, False)
        )
        assert np.mean(debiased) == pytest.approx(TRUTH, abs=0.04)
        assert np.mean(plain) > TRUTH + 0.1


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e5])
def test_inner_products_of_points_far_from_the_origin(offset):
    first, second = pair(40, 0)
    expected = linear_cka(first, second).value
    grams = [points @ points.T for points in (first + offset, second - offset)]
    assert linear_cka_from_grams(*grams).value == pytest.approx(expected, abs=1e-4)


@pytest.mark.filterwarnings("error")
def test_no_more_than_one_and_no_interval_of_four_points():
    first, _ = pair(60, 0)
    for seed in range(30):
        scale = np.random.default_rng(seed).uniform(0.1, 10)
        gram = first[:, seed % 5 :] @ first[:, seed % 5 :].T
        assert linear_cka_from_grams(gram, scale * gram).value <= 1
    found = linear_cka(first[:4], first[:4])
    assert found.value == pytest.approx(1) and np.isnan([found.lo, found.hi]).all()


def test_unrelated_representations_have_none():
    rng = np.random.default_rng(0)
    values = [
        linear_cka(rng.standard_normal((40, 100)), rng.standard_normal((40, 60)), groups=2).value
        for _ in range(200)
    ]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(200)


@pytest.mark.parametrize("debiased", [True, False])
def test_itself_rotation_scale_shift_order_and_inner_products(debiased):
    first, second = pair(40, 1)
    assert linear_cka(first, first, debiased=debiased).value == pytest.approx(1)
    expected = linear_cka(first, second, debiased=debiased).value
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((33, 33)))[0]
    order = np.random.default_rng(4).permutation(40)
    for x, y in (
        (first @ turn, second),
        (first + 50.0, 1e3 * second),
        (second, first),
        (first[order], second[order]),
    ):
        assert linear_cka(x, y, debiased=debiased).value == pytest.approx(expected, rel=1e-8)
    found = linear_cka_from_grams(first @ first.T, second @ second.T, debiased=debiased)
    assert found.value == pytest.approx(expected, rel=1e-8)


def test_interval_covers():
    found = [linear_cka(*pair(150, seed), groups=50) for seed in range(200)]
    assert 0.9 < np.mean([estimate.lo <= TRUTH <= estimate.hi for estimate in found]) < 0.99


def test_what_cannot_be_used():
    first, second = pair(10, 0)
    assert np.isnan(linear_cka(first, np.ones((10, 3))).value)
    with pytest.raises(InputError, match="give the same points"):
        linear_cka(first, second[:8])
    with pytest.raises(InputError, match="second has shape"):
        linear_cka(first, second[0])
