"""Separability and simulated capacity against counting theorems, theory and a linear program."""

from itertools import product
from math import comb

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import (
    manifold_geometry,
    separability,
    simulated_capacity,
    simulated_capacity_from_gram,
)
from geomem.geometry.separability import is_separable
from geomem.geometry.simulated import _Search
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from tests.geometry.test_theory import ball_inverse_capacity


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def cover(n_points, n_features):
    """Dichotomies by hyperplanes of points in general position (Cover, 1965), bias included."""
    return 2 * sum(comb(n_points - 1, k) for k in range(n_features + 1))


@pytest.mark.parametrize(("n_points", "n_features"), [(7, 1), (8, 2), (9, 3), (10, 4), (6, 5)])
def test_count_of_all_dichotomies(n_points, n_features):
    points = normal(n_points, n_features, seed=n_points)
    labels = np.array(list(product((-1.0, 1.0), repeat=n_points)))
    separable = sum(is_separable(points, each) for each in labels)
    assert separable == min(cover(n_points, n_features), 2**n_points)


@pytest.mark.parametrize(("n_features", "trials"), [(95, 100), (99, 300), (103, 100)])
def test_share_of_many_dichotomies(n_features, trials):
    """Near the threshold, where margins are small; p = 1/2 at n + 1 = 100."""
    rng = np.random.default_rng(n_features)
    points = rng.standard_normal((200, n_features))
    separable = sum(is_separable(points, rng.choice([-1.0, 1.0], 200)) for _ in range(trials))
    share = cover(200, n_features) / 2**200
    assert abs(separable / trials - share) < 3.5 * np.sqrt(share * (1 - share) / trials)


def linear_program_separates(points, labels):
    signed = labels[:, np.newaxis] * np.column_stack([points, np.ones(len(points))])
    found = linprog(
        np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=(None, None)
    )
    assert found.status in (0, 2)
    return found.status == 0


@st.composite
def labelled_points(draw):
    n_points, n_features = draw(st.integers(2, 9)), draw(st.integers(1, 4))
    # a coarse grid makes duplicates, collinear points and points on the hyperplane common
    values = draw(st.sampled_from([st.integers(-2, 2), st.integers(-1000, 1000)])).map(float)
    points = draw(arrays(np.float64, (n_points, n_features), elements=values))
    return points, draw(arrays(np.float64, n_points, elements=st.sampled_from([-1.0, 1.0])))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(labelled_points())
def test_agrees_with_a_linear_program(problem):
    points, labels = problem
    assert is_separable(points, labels) == linear_program_separates(points, labels)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(labelled_points())
def test_the_last_resort_agrees_with_a_linear_program(problem):
    points, labels = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separability, "_interior_point", lambda signed: None)
        patch.setattr(separability, "_linear_program", separability._least_distance)
        assert is_separable(points, labels) == linear_program_separates(points, labels)


def test_a_feature_behind_as_many_constant_ones_as_points_counts():
    points = np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]])
    assert is_separable(points, np.array([-1.0, 1.0]))
    wide = np.zeros((6, 40))
    wide[:, 30:35] = normal(6, 5)
    for signs in range(1, 31):  # six points in general position in five dimensions
        labels = np.where(signs >> np.arange(6) & 1, 1.0, -1.0)
        assert is_separable(wide, labels)
        assert is_separable(wide[:, ::-1], labels)


def test_duplicates_with_different_labels_are_never_separable():
    points, labels = normal(200, 150), np.repeat([1.0, -1.0], 100)
    assert is_separable(points, labels)
    points[150] = points[3]
    assert not is_separable(points, labels)


@pytest.mark.parametrize("scale", [1e-100, 1e-9, 1e9, 1e100])
def test_scale_and_shift_change_nothing(scale):
    points, labels = normal(40, 19), np.repeat([1.0, -1.0], 20)
    for n_features in (16, 17, 18, 19):
        expected = is_separable(points[:, :n_features], labels)
        assert is_separable(scale * (points[:, :n_features] + 100.0), labels) == expected


@pytest.mark.parametrize("n_points", [40, 100])
def test_points_need_as_many_features_as_cover_counts(n_points):
    """Half of all dichotomies at n + 1 = P / 2; the balanced ones among them need a little more."""
    found = simulated_capacity(
        normal(n_points, 1, 400), n_dichotomies=400, random_state=0, confidence=0.999
    )
    assert found.reached and found.n_max == n_points - 1 and found.warnings == ()
    assert found.n_c_lo - 1 < n_points / 2 - 1 < found.n_c_hi
    assert found.capacity == n_points / found.n_c
    assert found.capacity_lo < found.capacity < found.capacity_hi


@pytest.mark.parametrize(("radius", "n_dimensions"), [(0.3, 1), (1.0, 1), (0.5, 2), (1.0, 2)])
def test_spheres_follow_theory(radius, n_dimensions):
    """Pairs and circles, against the closed form of Chung, Lee and Sompolinsky (2018).

    The bias takes the place of one of the features.
    """
    rng = np.random.default_rng(0)
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    sphere = (
        np.array([[-1.0, 1.0]]) if n_dimensions == 1 else np.array([np.cos(angle), np.sin(angle)])
    )
    frames = np.array(
        [np.linalg.qr(rng.standard_normal((1200, n_dimensions + 1)))[0] for _ in range(60)]
    )
    centers = frames[:, :, :1]
    points = (centers + radius * frames[:, :, 1:] @ sphere).transpose(0, 2, 1)
    found = simulated_capacity(points, n_dichotomies=100, random_state=1)
    expected = 1 / ball_inverse_capacity(radius, n_dimensions, 0.0)
    assert 60 / (found.n_c + 1) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_clouds_follow_our_mean_field_theory(spread):
    points = normal(60, 1, 1000) + spread * normal(60, 8, 1000, seed=1)
    found = simulated_capacity(points, n_dichotomies=100, random_state=1)
    theory = manifold_geometry(points, random_state=0, remove_low_rank=False)
    assert 60 / (found.n_c + 1) == pytest.approx(theory.mean_capacity, rel=0.05)


def test_the_interval_covers():
    points = normal(20, 2, 60)
    truth = simulated_capacity(points, n_dichotomies=2000, random_state=99)
    covered = 0
    for seed in range(60):
        found = simulated_capacity(points, n_dichotomies=50, random_state=seed)
        covered += found.n_c_lo <= truth.n_c <= found.n_c_hi
    assert covered >= 52  # of 60 at 95 %


def test_a_shared_random_state_decides_everything():
    points = normal(16, 4, 100)
    first = simulated_capacity(points, random_state=3, threads=1)
    again = simulated_capacity(points, random_state=3, threads=2)
    assert (first.n_c, first.n_c_lo, first.n_c_hi) == (again.n_c, again.n_c_lo, again.n_c_hi)
    other = simulated_capacity(points, random_state=4)
    assert not np.array_equal(first.separable, other.separable)
    assert simulated_capacity(points, random_state=first.seed).n_c == first.n_c


def test_rotation_scale_and_shift_change_nothing():
    points = normal(16, 4, 100)
    rotation = np.linalg.qr(normal(100, 100, seed=1))[0]
    first = simulated_capacity(points, random_state=3)
    moved = simulated_capacity(9.0 * points @ rotation + normal(100, seed=2), random_state=3)
    assert (moved.n_c, moved.n_max) == (first.n_c, first.n_max)


def test_inner_products_give_the_same():
    clouds = [normal(m, 40, seed=m) for m in (1, 5, 9, 3, 12, 2)]
    together = np.concatenate(clouds)
    direct = simulated_capacity(clouds, random_state=3)
    stored = simulated_capacity_from_gram(
        together @ together.T, [len(cloud) for cloud in clouds], random_state=3
    )
    assert stored.n_c == direct.n_c
    np.testing.assert_array_equal(stored.separable, direct.separable)


def test_memory_maps_and_tensors(tmp_path):
    points = normal(10, 3, 50).astype(np.float32)
    np.save(tmp_path / "points.npy", points)
    expected = simulated_capacity(points, random_state=0).n_c
    mapped = np.load(tmp_path / "points.npy", mmap_mode="r")
    assert simulated_capacity(mapped, random_state=0).n_c == expected
    torch = pytest.importorskip("torch")
    assert simulated_capacity(torch.from_numpy(points), random_state=0).n_c == expected


def test_the_share_rises_with_the_features():
    found = simulated_capacity(normal(30, 3, 200), random_state=0)
    assert np.all(np.diff(found.n_features) > 0) and np.all(np.diff(found.separable) >= 0)
    between = np.interp(found.n_c, found.n_features, found.separable)
    assert between == pytest.approx(50)


class Line(_Search):
    """From 800 features up every two more make one of a hundred draws separable."""

    def __init__(self):
        self.failed, self.n_max = np.zeros(100), 2000
        self.counted, self.guess = {}, None

    def _pilot(self):
        return 900

    def _count(self, n):
        self.counted[n] = int(np.clip((n - 800) // 2, 0, 100))
        return self.counted[n]


@pytest.mark.parametrize("share", [0.3, 0.45, 0.5, 0.52, 0.6, 0.655])
def test_numbers_of_features_that_were_not_tried_lie_between_those_that_were(share):
    """Above 500 or so not every number is tried, and the interpolation counts in units of them."""
    search = Line()
    found = search.features_for(share)
    assert found == pytest.approx(800 + 200 * share, abs=2)
    tried = np.array(sorted(search.counted))
    above = np.searchsorted(tried, found)
    low, high = tried[above - 1], tried[above]
    assert high - low > 2
    between = np.interp(100 * share, [search.counted[low], search.counted[high]], [low, high])
    assert found == pytest.approx(between)


@pytest.mark.filterwarnings("ignore:every manifold has more points")
def test_not_reached():
    found = simulated_capacity(normal(30, 20, 12), random_state=0)
    assert not found.reached and np.isnan(found.capacity) and np.isnan(found.n_c)
    assert found.n_max == 12
    assert (found.capacity_lo, found.capacity_hi) == (0.0, 30 / 12)
    warning = str(*found.warnings)
    assert "not reached" in warning and "all 12 dimensions" in warning and "0 of 100" in warning


def test_reached_with_an_open_interval():
    """In a plane 9 points have cover(9, 2) / 2^9 = 14 % of their dichotomies; in 4, 63 %."""
    found = simulated_capacity(normal(9, 1, 4, seed=3), n_dichotomies=20, random_state=1)
    assert found.reached and np.isinf(found.n_c_hi) and found.capacity_lo == 0.0
    assert 9 / 4 <= found.capacity <= found.capacity_hi


def test_constant_layer():
    found = simulated_capacity(np.full((6, 5, 30), 7.0), random_state=0)
    assert not found.reached and found.n_max == 0 and np.isnan(found.capacity)
    assert "all 0 dimensions" in found.warnings[0].text


def test_two_manifolds():
    found = simulated_capacity(normal(2, 10, 40), random_state=0)
    assert found.reached and 5 < found.n_c < 15


def test_values_that_are_not_finite():
    points = normal(5, 4, 30)
    points[3, 1, 7] = np.nan
    with pytest.raises(InputError, match="manifolds hold values that are not finite"):
        simulated_capacity(points)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gram": np.eye(5)}, "counts add up to 6 points and gram holds 5"),
        ({"gram": normal(6, 5)}, r"gram has shape \(6, 5\)"),
        ({"gram": np.diag([1.0] * 5 + [-1.0])}, "inner products have none below zero"),
        ({"gram": np.full((6, 6), np.inf)}, "gram holds values that are not finite"),
        ({"counts": [6]}, "counts is"),
        ({"counts": [6, 0]}, "counts is"),
        ({"counts": [3.0, 3.0]}, "counts is"),
        ({"n_dichotomies": 9}, "n_dichotomies is 9"),
        ({"n_dichotomies": 20.5}, "n_dichotomies is 20.5"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"random_state": -1}, "random_state is -1"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_arguments_that_cannot_be_used(arguments, message):
    with pytest.raises(InputError, match=message):
        simulated_capacity_from_gram(**{"gram": np.eye(6), "counts": [2, 2, 2], **arguments})
