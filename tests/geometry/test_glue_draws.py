"""GLUE's dichotomies, draws, inseparable labels, edge cases, intervals and messages."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import glue_difference, glue_from_draws, glue_from_gram, glue_geometry
from geomem.geometry.glue_measures import METRICS, least_weights
from geomem.geometry.glue_points import draw_labels
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from tests.geometry import slow
from tests.geometry.test_glue import draws, numbers, spheres


def _separable(points, labels):
    """Whether some v has y <v, x> >= 0 for all points and > 0 for one (linear program)."""
    signed = np.concatenate([y * x for y, x in zip(labels, points, strict=True)])
    found = optimize.linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1)
    )
    return -found.fun > 1e-9


@pytest.mark.parametrize("n_features", [3, 8])
def test_inseparable_draws(n_features):
    points = spheres(6, 3, n_features, 2, 0.3)
    t, labels = draws(points, 60)
    found = glue_from_draws(points, t, labels)
    expected = np.mean([not _separable(points, y) for y in labels])
    assert 0 < expected < 1 or n_features == 8
    assert found.inseparable == expected
    assert ("inseparable" in {warning.code for warning in found.warnings}) == (expected > 0)
    assert found.capacity_floor == pytest.approx(6 / n_features)


def test_weights_of_inseparable_draws_are_the_least():
    """Against non-negative least squares that is penalized ever so little."""
    rng = np.random.default_rng(0)
    columns, target = rng.standard_normal((30, 5)), rng.standard_normal(5)
    some, _ = optimize.nnls(columns.T, target)
    found = least_weights(columns, target, some)
    assert found @ columns == pytest.approx(target, rel=1e-11)
    assert found.min() >= 0 and found @ found < some @ some
    penalized = np.vstack([columns.T, 1e-5 * np.eye(30)])
    expected, _ = optimize.nnls(penalized, np.append(target, np.zeros(30)))
    assert found == pytest.approx(expected, abs=1e-6)


def test_capacity_falls_to_its_floor():
    points = np.random.default_rng(0).standard_normal((12, 30, 4))
    found = glue_geometry(points, n_t=2000, random_state=0, preprocess="none")
    assert found.inseparable == 1
    assert found.capacity_lo < found.capacity_floor == 3 < found.capacity_hi


def test_equal_labels_about_the_mean_are_inseparable():
    points = spheres(3, 5, 60, 2, 0.3)
    for preprocess, fraction in (("center", 1.0), ("none", 0.0)):
        found = glue_geometry(
            points, n_t=10, dichotomies="given", labels=[1, 1, 1], preprocess=preprocess
        )
        assert found.inseparable == fraction


def test_separable_dichotomies_whose_vector_is_zero_do_not_count_as_inseparable():
    """With as many independent points as dimensions t may lie in the cone of the constraints."""
    found = glue_geometry(np.eye(2)[:, np.newaxis], n_t=200, preprocess="none", random_state=0)
    assert found.inseparable == 0


def test_pairs_are_problems_of_their_own():
    points = spheres(4, 10, 30, 3, 0.7)
    options = dict(n_t=30, random_state=2)
    found = glue_geometry(points, dichotomies="pairs", **options)
    together = points.reshape(-1, 30)
    first = (points - together.mean(axis=0))[:2]
    one = glue_geometry(first, dichotomies="given", labels=[1, -1], preprocess="none", **options)
    assert found.pairs.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    for name in METRICS:
        assert found.values[name][0] == pytest.approx(getattr(one, name), rel=1e-9), name
        assert getattr(found, name) == pytest.approx(found.values[name].mean())
    wide = glue_geometry(points @ np.eye(30, 70), dichotomies="pairs", **options)
    np.testing.assert_allclose(numbers(wide), numbers(found), 1e-9, 1e-9)


@pytest.mark.parametrize("n_manifolds", [5, 6])
def test_dichotomies(n_manifolds):
    drawn = {
        kind: draw_labels(kind, None, 0, 400, n_manifolds)
        for kind in ("random", "balanced", "one-vs-rest")
    }
    for labels in drawn.values():
        assert labels.shape == (400, n_manifolds) and np.all(np.abs(labels) == 1)
        assert np.all(np.abs(labels.mean(axis=0) - labels.mean()) < 0.2)
    assert set(np.abs(drawn["balanced"].sum(axis=1))) == {n_manifolds % 2}
    assert abs(drawn["balanced"].mean()) < 0.05
    assert np.all((drawn["one-vs-rest"] == 1).sum(axis=1) == 1)
    assert 50 < sum(abs(y.sum()) < n_manifolds for y in drawn["random"]) < 400
    given = draw_labels("given", np.array([[1.0, -1.0], [1.0, 1.0]]), 0, 3, 2)
    assert given.tolist() == [[1, -1], [1, 1], [1, -1]]


@pytest.mark.parametrize("dichotomies", ["random", "balanced", "one-vs-rest", "pairs"])
def test_draws_depend_on_the_seed_alone(dichotomies):
    points = spheres(5, 40, 30, 3, 0.7)
    options = dict(dichotomies=dichotomies, random_state=4)
    many = glue_geometry(points, n_t=50, threads=1, **options)
    few = glue_geometry(points, n_t=20, threads=3, **options)
    for first, more in zip(few.draws, many.draws, strict=True):
        np.testing.assert_allclose(first.a, more.a[:20], rtol=1e-12)
    other = glue_geometry(points, n_t=20, random_state=5, dichotomies=dichotomies)
    assert other.capacity != few.capacity
    again = glue_geometry(points, n_t=20, random_state=few.seed, dichotomies=dichotomies)
    np.testing.assert_allclose(numbers(again), numbers(few), rtol=1e-12)


def test_threads_change_nothing():
    points = spheres(5, 60, 40, 3, 0.7)
    one, three = (glue_geometry(points, random_state=0, threads=n) for n in (1, 3))
    np.testing.assert_allclose(numbers(one), numbers(three), rtol=1e-12)


def test_duplicates_change_nothing():
    points = spheres(4, 10, 50, 3, 0.7)
    t, labels = draws(points, 40)
    expected = numbers(glue_from_draws(points, t, labels))
    twice = np.concatenate([points, points[:, :4]], axis=1)
    np.testing.assert_allclose(numbers(glue_from_draws(twice, t, labels)), expected, 1e-9, 1e-9)
    zeros = np.concatenate([points, np.zeros((4, 1, 50))], axis=1)
    np.testing.assert_allclose(numbers(glue_from_draws(zeros, t, labels)), expected, 1e-9, 1e-9)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(2, 5),
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_distances_on_degenerate_points(n_manifolds, n_points, n_features, seed, coarse):
    """A coarse grid makes duplicates, ties, points at the origin and inseparable labels common."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n_manifolds, n_points, n_features))
    points = np.round(points) if coarse else points
    t, labels = draws(points, 3, seed)
    found = glue_from_draws(points, t, labels, threads=1)
    for k in range(3):
        cone = -(labels[k][:, np.newaxis, np.newaxis] * points).reshape(-1, n_features)
        weights, _ = optimize.nnls(cone.T, t[k], maxiter=1000)
        distance = ((cone.T @ weights) ** 2).sum()
        if points.any():
            assert found.draws[0].a[k] == pytest.approx(distance, rel=1e-9, abs=1e-9)
    assert found.kkt_residual < 1e-10


def test_points_along_curves():
    """Neighbours are nearly parallel: block pivoting breaks down, and the rest must not."""
    angle = np.linspace(0, 2 * np.pi, 150, endpoint=False)
    circle = np.array([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]).T
    rng = np.random.default_rng(0)
    turns = np.linalg.qr(rng.standard_normal((3, 40, 4)))[0]
    points = rng.standard_normal((3, 1, 40)) / 6 + circle @ turns.transpose(0, 2, 1)
    t, labels = draws(points, 30)
    found = glue_from_draws(points, t, labels)
    assert found.kkt_residual < 1e-11
    expected, _, _ = slow.glue(list(points), t, labels)
    assert found.capacity == pytest.approx(expected["capacity"], rel=1e-10)
    assert found.radius == pytest.approx(expected["radius"], rel=1e-6)


def test_intervals_widen_and_pair():
    points = spheres(6, 20, 60, 3, 0.7)
    moved = points + 0.005 * np.random.default_rng(1).standard_normal(points.shape)
    options = dict(random_state=0, preprocess="none")
    first, second = (glue_geometry(x, **options) for x in (points, moved))
    other = glue_geometry(points, confidence=0.5, **options)
    change = glue_difference(first, second)
    for name in METRICS:
        lo, hi = (getattr(first, name + end) for end in ("_lo", "_hi"))
        assert lo < getattr(other, name + "_lo") < getattr(other, name + "_hi") < hi
        if name in METRICS[:4]:
            assert change[name].hi - change[name].lo < 0.4 * (hi - lo)
    with pytest.raises(InputError, match="same random_state"):
        glue_difference(first, glue_geometry(points, random_state=1, preprocess="none"))


def coverage(points, trials, n_t, **options):
    truth = glue_geometry(points, n_t=100 * n_t, random_state=10**6, **options)
    covered = np.zeros(len(METRICS))
    for seed in range(trials):
        found = glue_geometry(points, n_t=n_t, random_state=seed, threads=1, **options)
        covered += [
            getattr(found, f"{name}_lo") <= getattr(truth, name) <= getattr(found, f"{name}_hi")
            for name in METRICS
        ]
    return covered / trials


def test_intervals_cover():
    covered = coverage(spheres(5, 12, 40, 3, 0.7), 100, 100, preprocess="none")
    assert np.all(covered > 0.85) and 0.92 < covered.mean() < 0.98, covered


@pytest.mark.slow
@pytest.mark.parametrize("radius", [0.3, 1.5])
@pytest.mark.parametrize("dichotomies", ["random", "balanced", "pairs"])
def test_intervals_cover_89_to_98_percent_of_the_time(radius, dichotomies):
    points = spheres(6, 20, 60, 3, radius)
    covered = coverage(points, 600, 200, dichotomies=dichotomies, preprocess="none")
    assert np.all((covered > 0.89) & (covered < 0.98)), covered


def test_frame_and_conventions():
    found = glue_geometry(spheres(3, 5, 20, 2, 0.5), n_t=10, random_state=0, preprocess="none")
    frame = found.to_frame()
    assert list(frame["metric"]) == [*METRICS, "inseparable", "capacity_floor", "kkt_residual"]
    assert (found.preprocess, found.dichotomies, found.seed) == ("none", "random", 0)
    assert "active draws" in found.inactive_rule


def test_sources_of_points(tmp_path):
    points = spheres(3, 5, 20, 2, 0.5).astype(np.float32)
    np.save(tmp_path / "points.npy", points)
    mapped = np.load(tmp_path / "points.npy", mmap_mode="r")
    expected = numbers(glue_geometry(points, n_t=10, random_state=0))
    found = numbers(glue_geometry(mapped, n_t=10, random_state=0))
    np.testing.assert_array_equal(found, expected)
    torch = pytest.importorskip("torch")
    found = numbers(glue_geometry(torch.from_numpy(points), n_t=10, random_state=0))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_constant_layer_is_not_defined():
    found = glue_geometry(np.ones((3, 4, 6)), n_t=5, random_state=0)
    assert np.isnan(found.capacity) and np.isnan(found.radius)
    assert "not-defined" in {warning.code for warning in found.warnings}


def test_one_draw_has_no_interval():
    found = glue_geometry(spheres(3, 5, 20, 2, 0.5), n_t=1, random_state=0)
    assert np.isfinite(found.capacity) and np.isnan(found.capacity_lo)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dichotomies": "all"}, "dichotomies is 'all'"),
        ({"dichotomies": np.array(["random", "pairs"])}, "dichotomies is array"),
        ({"preprocess": "whiten"}, "preprocess is 'whiten'"),
        ({"n_t": 0}, "n_t is 0"),
        ({"n_t": True}, "n_t is True"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"labels": [1, -1, 1]}, "labels with 'given' only"),
        ({"dichotomies": "given"}, "labels with 'given' only"),
        ({"dichotomies": "given", "labels": [1, -1]}, "labels has shape"),
        ({"dichotomies": "given", "labels": [1, 0, 1]}, "other than 1 and -1"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_what_cannot_be_used(options, message):
    with pytest.raises(InputError, match=message):
        glue_geometry(spheres(3, 5, 20, 2, 0.5), **options)


def test_draws_that_cannot_be_used():
    points = spheres(3, 5, 20, 2, 0.5)
    t, labels = draws(points, 4)
    for vectors, signs, message in (
        (t[:, :5], labels, "t has shape"),
        (np.full_like(t, np.nan), labels, "not finite"),
        (t + 1j, labels, "t has type complex128"),
        ("vectors", labels, "t has type"),
        (t, labels[:2], "give one each"),
        (np.ma.masked_greater(t, 1), labels, "t has masked values"),
        (t, np.ma.masked_less(labels, 0), "labels has masked values"),
        (t, labels > 0, "other than 1 and -1"),
        (t, [[1, -1, 1], [1]], r"labels \(list\) cannot be made one array"),
    ):
        with pytest.raises(InputError, match=message):
            glue_from_draws(points, vectors, signs)
    points[1, 2, 3] = np.inf
    for call in (glue_geometry, lambda x: glue_geometry(x[:, :, :10])):
        with pytest.raises(InputError, match="not finite"):
            call(points)
    with pytest.raises(InputError, match="none below zero"):
        glue_from_gram(-np.eye(4), [2, 2])
    with pytest.raises(InputError, match="expected one whole number per manifold"):
        glue_from_gram(np.eye(4), [[1], [1, 2]])


def test_draws_from_tensors():
    torch = pytest.importorskip("torch")
    points = spheres(3, 5, 20, 2, 0.5)
    t, labels = draws(points, 4)
    expected = glue_from_draws(points, t, labels).capacity
    for kind in (torch.float64, torch.bfloat16):
        vectors = torch.tensor(t).to(kind).requires_grad_()
        signs = torch.tensor(labels, requires_grad=True).to(kind)
        found = glue_from_draws(points, vectors, signs).capacity
        assert found == pytest.approx(expected, rel=1e-12 if kind is torch.float64 else 1e-2)
    signs = torch.tensor([1.0, -1.0, 1.0], requires_grad=True)
    options = dict(n_t=5, random_state=0, dichotomies="given")
    assert glue_geometry(points, labels=signs, **options).labels.tolist() == [[1, -1, 1]]


@pytest.mark.parametrize("factor", [1e-70, 1e70])
@pytest.mark.parametrize("dichotomies", ["random", "pairs"])
def test_points_whose_products_double_precision_cannot_hold(factor, dichotomies):
    points = factor * spheres(3, 5, 20, 2, 0.5)
    with pytest.raises(InputError, match="by a common factor"):
        glue_geometry(points, n_t=5, dichotomies=dichotomies)
    with pytest.raises(InputError, match="by a common factor"):
        glue_from_draws(points, *draws(points, 5))


def test_identical_manifolds():
    """With equal labels two of them count as one; with different labels v is orthogonal to both."""
    points = spheres(3, 5, 40, 2, 0.5)
    twins = np.concatenate([points, points[:1]])
    t, labels = draws(points, 60)
    alone = glue_from_draws(points, t, labels)
    together = glue_from_draws(twins, t, np.concatenate([labels, labels[:, :1]], axis=1))
    np.testing.assert_allclose(together.draws[0].a, alone.draws[0].a, rtol=1e-10)
    parted = glue_from_draws(twins, t, np.concatenate([labels, -labels[:, :1]], axis=1))
    span = np.linalg.svd(points[0])[2][:3]  # a centre and two axes
    rest, apart = points[1:] - points[1:] @ span.T @ span, t - t @ span.T @ span
    expected = ((t @ span.T) ** 2).sum(axis=1)
    expected += glue_from_draws(rest, apart, labels[:, 1:]).draws[0].a
    np.testing.assert_allclose(parted.draws[0].a, expected, rtol=1e-9)


def test_what_manifolds_move_against_leaving_each_out():
    """First-order effects of single manifolds, against the jackknife with every one left out."""
    n_manifolds, n_points, n_features = 16, 10, 300
    rng = np.random.default_rng(3)
    shape = (n_manifolds, 1, 1)
    centers = rng.uniform(0.3, 2.0, shape) * rng.standard_normal((n_manifolds, 1, n_features))
    spread = rng.uniform(0.5, 1.5, shape)
    points = centers + spread * rng.standard_normal((n_manifolds, n_points, n_features))
    found = glue_geometry(points, random_state=0)
    for name in ("capacity", "dimension", "radius", "utility"):
        moved = found.of_manifolds[name]
        assert abs(moved.mean()) < 1e-9 * getattr(found, name)
        left_out = np.array(
            [
                getattr(glue_geometry(np.delete(points, mu, axis=0), random_state=0), name)
                for mu in range(n_manifolds)
            ]
        )
        jackknife = (n_manifolds - 1) * (left_out.mean() - left_out)
        assert 0.5 < moved.std() / jackknife.std() < 2, name
        if name in ("capacity", "radius"):
            assert np.corrcoef(moved, jackknife)[0, 1] > 0.7


def test_what_manifolds_move_in_pairs():
    points = spheres(6, 8, 40, 3, 0.5)
    found = glue_geometry(points, dichotomies="pairs", n_t=50, random_state=0)
    own = [found.values["capacity"][(found.pairs == mu).any(axis=1)].mean() for mu in range(6)]
    expected = 2 * (np.array(own) - found.capacity)
    np.testing.assert_allclose(found.of_manifolds["capacity"], expected, atol=1e-12)
