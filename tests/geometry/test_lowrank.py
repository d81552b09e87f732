"""The low-rank structure of the centres against independent slow versions."""

import numpy as np
import pytest
from geomem.geometry import lowrank, manifold_geometry
from geomem.geometry.lowrank import find_low_rank
from geomem.geometry.newton import _hessian, _state, cost, minimize
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize as scipy_minimize

from tests.geometry import slow


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((24, 2)) @ (2 * rng.standard_normal((2, 16)))
    return np.ascontiguousarray(rows + rng.standard_normal((24, 16)))


def orthonormal(matrix):
    return np.ascontiguousarray(np.linalg.qr(matrix)[0])


def serial(function, *items):
    return list(map(function, *items))


@pytest.mark.parametrize("k", [1, 2, 4])
def test_objective_gradient_and_hessian(x, k):
    rng = np.random.default_rng(1)
    v = orthonormal(rng.standard_normal((16, k)))
    z = rng.standard_normal((16, k))
    z -= v @ (v.T @ z)
    state = _state(x, x @ x.T, v)
    assert cost(x, x @ x.T, v) == pytest.approx(slow.low_rank_cost(x, v), rel=1e-12)

    def along(step):
        return slow.low_rank_cost(x, orthonormal(v + step * z))

    slope = (along(1e-5) - along(-1e-5)) / 2e-5
    bend = (along(1e-3) - 2 * along(0) + along(-1e-3)) / 1e-6
    assert np.sum(state[7] * z) == pytest.approx(slope, rel=1e-6)
    assert np.sum(z * _hessian(x, v, state, z)) == pytest.approx(bend, rel=1e-3)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_minimum_agrees_with_slow_optimizer(x, k):
    rng = np.random.default_rng(2)

    def objective(flat):
        return slow.low_rank_cost(x, orthonormal(flat.reshape(16, k)))

    starts = [orthonormal(rng.standard_normal((16, k))) for _ in range(40)]
    slowly = [scipy_minimize(objective, start.ravel(), tol=1e-10) for start in starts[:8]]
    best = min(slowly, key=lambda result: result.fun)
    near = orthonormal(best.x.reshape(16, k) + 1e-3 * rng.standard_normal((16, k)))
    assert minimize(x, x @ x.T, near, 1e-13, 300)[1] == pytest.approx(best.fun, rel=1e-6)
    found = [minimize(x, x @ x.T, start, 1e-13, 300) for start in starts]
    # a start may end where a centre vanishes and the cost breaks off
    converged = [value for _, value, norm, _, _ in found if norm <= 1e-4]
    assert len(converged) >= 30
    assert min(converged) <= best.fun * (1 + 1e-6)


def planted(rank, seed=0, n=30, n_features=120):
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n_features))
    return 2 * shared + rng.standard_normal((n, n_features))


def found_in(centers, **options):
    return find_low_rank(centers @ centers.T, np.random.default_rng(0), serial, **options)


def test_shrunk_points_are_those_of_the_slow_version():
    rng = np.random.default_rng(1)
    points = planted(3)[:, np.newaxis] + rng.standard_normal((30, 6, 120))
    found = manifold_geometry(points, random_state=0)
    assert 2.5 < found.low_rank_k < 4
    expected = manifold_geometry(slow.shrunk(points), random_state=0, remove_low_rank=False)
    for name in ("capacity", "radius", "dimension"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9)
    for threshold, weights in zip(lowrank.PLAUSIBLE, found.low_rank.plausible, strict=True):
        direct = slow.shrunk(points, threshold)
        directions = weights.T @ (points.mean(axis=1) - points.mean(axis=(0, 1)))
        flat, off = points.reshape(180, -1), direct.reshape(180, -1)
        along = flat @ directions.T
        np.testing.assert_allclose(off @ off.T, flat @ flat.T - along @ along.T, atol=1e-8)


def test_fractions_that_go():
    """An eigenvalue of e means keeps (2/e)^2 of its length, so 1 - (2/e)^4 of its square goes."""
    pairs = np.hstack([np.repeat(3 * np.eye(6), 10, axis=0), np.eye(60)])
    found = found_in(pairs)
    units = pairs - pairs.mean(axis=0)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    values = np.linalg.svd(units, compute_uv=False) ** 2
    values /= values[values > 1e-10].mean()
    expected = sum(1 - (2 / e) ** 4 for e in values if e > 2)
    assert found.k == pytest.approx(expected, rel=1e-9) and expected > 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-9, 1e-5))
def test_small_changes_of_the_data_change_the_number_little(seed, size):
    """No threshold is crossed with a jump: the number of directions is a continuous function."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((20, 60)) * np.arange(1, 61) ** -rng.uniform(0, 1.5)
    other = centers * (1 + size * rng.standard_normal(centers.shape))
    assert found_in(other).k == pytest.approx(found_in(centers).k, abs=1e3 * size)


def test_planted_rank_is_found():
    centers = planted(5)
    for rule in lowrank.RULES:
        found = found_in(centers, rule=rule)
        assert 4 <= found.k <= 7
        directions = found.weights.T @ centers
        products = directions @ directions.T
        assert np.trace(products) == pytest.approx(found.k)
        np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-9)
        centred = centers - centers.mean(axis=0)
        assert found.center_correlation == pytest.approx(slow.mean_cosine(centred), rel=1e-9)
        for level in found.profile:
            directions = level.weights.T @ centers
            kept = np.eye(120) - directions.T @ directions
            values, vectors = np.linalg.eigh(kept)
            root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
            residual = centred @ root
            nothing = np.zeros((120, 0))
            assert level.correlation == pytest.approx(slow.mean_cosine(residual), rel=1e-5)
            assert level.cost == pytest.approx(slow.low_rank_cost(residual, nothing), rel=1e-6)
            fractions = (residual**2).sum(axis=1) / (centred**2).sum(axis=1)
            assert level.smallest_fraction == pytest.approx(fractions.min(), rel=1e-5)


def test_profile():
    found = found_in(planted(5))
    numbers = [level.k for level in found.profile]
    assert numbers == sorted(set(numbers)) and numbers[0] == 0 and found.k in numbers
    # no P vectors in r - K dimensions have less (Welch)
    whole = [level for level in found.profile if level.k == int(level.k)]
    assert len(whole) >= 4
    assert all(level.cost >= level.bound * (1 - 1e-12) for level in whole)
    assert found.profile[0].bound == pytest.approx(0.5 * 30**2 / 29)
    assert np.all(np.diff([level.eigenvalue for level in whole[1:]]) < 0)
    assert any(level.plausible for level in whole) and not whole[0].plausible


@pytest.mark.parametrize("rule", lowrank.RULES)
def test_number_of_directions_given(rule):
    centers = planted(5)
    for k in (0, 1, 3, 12):
        found = found_in(centers, rule=rule, k=k)
        assert found.weights.shape == (30, k) and found.k == k
        assert not found.plausible
        directions = found.weights.T @ (centers - centers.mean(axis=0))
        np.testing.assert_allclose(directions @ directions.T, np.eye(k), atol=1e-9)
    assert "not the 29 asked" in found_in(centers, rule=rule, k=29).warnings[0].text


def test_structureless_centres_lose_nothing():
    for seed in range(5):
        centers = np.random.default_rng(seed).standard_normal((40, 2000))
        assert found_in(centers).weights.shape == (40, 0)


def valley():
    """Centres whose cost at K* is flat along a curved valley: the descent takes many steps."""
    rng = np.random.default_rng(3)
    centers = rng.standard_normal((100, 15)) @ rng.standard_normal((15, 400)) / 2
    return centers + 0.5 * rng.standard_normal((100, 400))


def test_chosen_minimum_of_the_authors_rule_is_stationary():
    centers = valley()
    centers -= centers.mean(axis=0)
    found = found_in(centers, rule="authors")
    x = np.ascontiguousarray(centers / np.linalg.norm(centers, axis=1).mean())
    v = np.ascontiguousarray(centers.T @ found.weights)
    assert np.allclose(v.T @ v, np.eye(v.shape[1]), atol=1e-10)
    assert cost(x, x @ x.T, v) == pytest.approx(found.profile[int(found.k)].cost, rel=1e-12)
    assert np.linalg.norm(_state(x, x @ x.T, v)[7]) < 1e-8
    assert not found.warnings


def test_descent_cut_short_is_told(monkeypatch):
    monkeypatch.setattr(lowrank, "FINAL_ITERATIONS", 2)
    found = found_in(valley(), rule="authors")
    assert "still fell after 2 Newton steps" in found.warnings[0].text
