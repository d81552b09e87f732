"""The low-rank structure of the centres against an independent slow optimizer."""

import numpy as np
import pytest
from geomem.geometry import lowrank, manifold_geometry
from geomem.geometry.lowrank import find_low_rank
from geomem.geometry.lowrank_barrier import BARRIER
from geomem.geometry.newton import _hessian, _state, cost, minimize
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


@pytest.mark.parametrize("barrier", [0.0, 0.7])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_objective_gradient_and_hessian(x, k, barrier):
    rng = np.random.default_rng(1)
    v = orthonormal(rng.standard_normal((16, k)))
    z = rng.standard_normal((16, k))
    z -= v @ (v.T @ z)
    state = _state(x, x @ x.T, v, barrier)
    expected = slow.low_rank_cost(x, v, barrier)
    assert cost(x, x @ x.T, v, barrier) == pytest.approx(expected, rel=1e-12)

    def along(step):
        return slow.low_rank_cost(x, orthonormal(v + step * z), barrier)

    slope = (along(1e-5) - along(-1e-5)) / 2e-5
    bend = (along(1e-3) - 2 * along(0) + along(-1e-3)) / 1e-6
    assert np.sum(state[7] * z) == pytest.approx(slope, rel=1e-6)
    assert np.sum(z * _hessian(x, v, state, barrier, z)) == pytest.approx(bend, rel=1e-3)


@pytest.mark.parametrize("barrier", [0.0, BARRIER])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_minimum_agrees_with_slow_optimizer(x, k, barrier):
    rng = np.random.default_rng(2)

    def objective(flat):
        return slow.low_rank_cost(x, orthonormal(flat.reshape(16, k)), barrier)

    starts = [orthonormal(rng.standard_normal((16, k))) for _ in range(40)]
    slowly = [scipy_minimize(objective, start.ravel(), tol=1e-10) for start in starts[:8]]
    best = min(slowly, key=lambda result: result.fun)
    near = orthonormal(best.x.reshape(16, k) + 1e-3 * rng.standard_normal((16, k)))
    assert minimize(x, x @ x.T, near, barrier, 1e-13, 300)[1] == pytest.approx(best.fun, rel=1e-6)
    found = [minimize(x, x @ x.T, start, barrier, 1e-13, 300) for start in starts]
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


@pytest.mark.parametrize("options", [{}, {"rule": "authors"}])
def test_planted_rank_is_found(options):
    centers = planted(5)
    found = found_in(centers, **options)
    centred = centers - centers.mean(axis=0)
    directions = found.weights.T @ centers
    k = len(directions)
    assert 4 <= k <= 7
    np.testing.assert_allclose(directions @ directions.T, np.eye(k), atol=1e-9)
    residual = centred - centred @ directions.T @ directions
    assert found.center_correlation == pytest.approx(slow.mean_cosine(centred), rel=1e-9)
    level = found.profile[k]
    assert level.k == k and level.plausible
    assert level.correlation == pytest.approx(slow.mean_cosine(residual), rel=1e-6)
    assert level.cost == pytest.approx(slow.low_rank_cost(centred, directions.T), rel=1e-9)
    fractions = (residual**2).sum(axis=1) / (centred**2).sum(axis=1)
    assert level.smallest_fraction == pytest.approx(fractions.min(), rel=1e-6)


def test_profile_of_the_objective():
    found = found_in(planted(5))
    assert [level.k for level in found.profile] == list(range(len(found.profile)))
    chosen = found.weights.shape[1]
    assert min(found.profile, key=lambda level: level.objective).k == chosen
    # no P vectors in r - K dimensions have less (Welch)
    assert all(level.cost >= level.bound * (1 - 1e-12) for level in found.profile)
    assert found.profile[0].bound == pytest.approx(0.5 * 30**2 / 29)
    plausible = {level.k for level in found.profile if level.plausible}
    assert plausible == {chosen, *(weights.shape[1] for weights in found.plausible)}


@pytest.mark.parametrize("rule", ["barrier", "authors"])
def test_number_of_directions_given(rule):
    centers = planted(5)
    for k in (0, 1, 3, 12):
        found = found_in(centers, rule=rule, k=k)
        assert found.weights.shape == (30, k)
        directions = found.weights.T @ (centers - centers.mean(axis=0))
        np.testing.assert_allclose(directions @ directions.T, np.eye(k), atol=1e-9)
    assert "not the 29 asked" in found_in(centers, rule=rule, k=29).warnings[0].text


def test_structureless_centres_lose_nothing():
    for seed in range(5):
        centers = np.random.default_rng(seed).standard_normal((40, 2000))
        assert found_in(centers).weights.shape == (40, 0)


def test_removed_directions_do_not_matter():
    rng = np.random.default_rng(1)
    points = planted(3)[:, np.newaxis] + rng.standard_normal((30, 6, 120))
    found = manifold_geometry(points, random_state=0)
    kept = manifold_geometry(points, random_state=0, remove_low_rank=False)
    assert kept.low_rank_k == 0 and found.low_rank_k >= 2
    assert found.center_correlation == kept.center_correlation
    directions = found.low_rank.weights.T @ (points.mean(axis=1) - points.mean(axis=(0, 1)))
    without = points - points @ directions.T @ directions
    expected = manifold_geometry(without, random_state=0, remove_low_rank=False)
    np.testing.assert_allclose(found.capacity, expected.capacity, rtol=1e-8)


def valley():
    """Centres whose cost at K* is flat along a curved valley: the descent takes many steps."""
    rng = np.random.default_rng(3)
    centers = rng.standard_normal((100, 15)) @ rng.standard_normal((15, 400)) / 2
    return centers + 0.5 * rng.standard_normal((100, 400))


def test_chosen_minimum_is_stationary():
    centers = valley()
    centers -= centers.mean(axis=0)
    found = found_in(centers)
    x = np.ascontiguousarray(centers / np.linalg.norm(centers, axis=1).mean())
    v = np.ascontiguousarray(centers.T @ found.weights)
    k = v.shape[1]
    assert np.allclose(v.T @ v, np.eye(k), atol=1e-10)
    assert cost(x, x @ x.T, v, BARRIER) == pytest.approx(found.profile[k].objective, rel=1e-12)
    assert np.linalg.norm(_state(x, x @ x.T, v, BARRIER)[7]) < 1e-8
    assert not found.warnings


@pytest.mark.parametrize("rule", ["barrier", "authors"])
def test_descent_cut_short_is_told(monkeypatch, rule):
    monkeypatch.setattr(lowrank, "FINAL_ITERATIONS", 2)
    found = found_in(valley(), rule=rule)
    assert "still fell after 2 Newton steps" in found.warnings[0].text
