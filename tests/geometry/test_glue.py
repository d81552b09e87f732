"""GLUE against its definition, theory and its invariances."""

import numpy as np
import pytest
from geomem.geometry import glue_from_draws, glue_from_gram, glue_geometry
from geomem.geometry.glue_measures import METRICS, solve
from geomem.geometry.glue_points import Points, draw_labels

from tests.geometry import slow
from tests.geometry.test_golden import REFERENCE


def spheres(n_manifolds, n_points, n_features, dimension, radius, seed=0):
    """Points on spheres of a radius and dimension around random unit centres."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((n_manifolds, 1, n_features))
    centers /= np.linalg.norm(centers, axis=2, keepdims=True)
    points = rng.standard_normal((n_manifolds, n_points, dimension))
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    axes = np.array(
        [
            np.linalg.qr(rng.standard_normal((n_features, dimension)))[0].T
            for _ in range(n_manifolds)
        ]
    )
    return centers + radius * points @ axes


def draws(points, n_t, seed=1):
    rng = np.random.default_rng(seed)
    n_manifolds, n_features = len(points), points[0].shape[1]
    return rng.standard_normal((n_t, n_features)), rng.choice([-1.0, 1.0], (n_t, n_manifolds))


def numbers(geometry, names=METRICS):
    return np.array([getattr(geometry, name) for name in names])


# of spheres(5, 12, 40, 3, 0.7) with n_t = 50, random_state = 3 and no preprocessing
GOLDEN = {
    "capacity": 0.7819664887341146,
    "dimension": 1.9474709968747586,
    "radius": 0.6817974653979617,
    "utility": 0.4832561690029226,
    "center_alignment_cos": -0.06278760711465746,
    "axis_alignment_cos": 0.011216805461417258,
    "center_axis_alignment_cos": -0.003914294694758371,
    "center_alignment_abs": 0.14279759616575097,
    "axis_alignment_abs": 0.04334692898772785,
    "center_axis_alignment_abs": 0.07534200302589998,
}

SETS = {
    "spheres": spheres(5, 12, 40, 3, 0.7),
    "small radius": spheres(6, 10, 50, 2, 0.05),
    "more features than points": spheres(4, 6, 90, 4, 1.5),
    "correlated": spheres(6, 8, 60, 3, 0.5) + 0.2,
    "unequal": [cloud[: 3 + 2 * i] for i, cloud in enumerate(spheres(5, 12, 40, 3, 0.7))],
    "many points": spheres(6, 40, 30, 2, 0.8),
}


@pytest.mark.parametrize("name", SETS)
def test_equals_the_slow_version(name):
    points = list(SETS[name])
    t, labels = draws(points, 40)
    expected, a, anchors = slow.glue(points, t, labels)
    found = glue_from_draws(points, t, labels)
    for metric, value in expected.items():
        assert getattr(found, metric) == pytest.approx(value, rel=1e-9, abs=1e-10), metric
    np.testing.assert_allclose(found.draws[0].a, a, rtol=1e-11)
    assert found.kkt_residual < 1e-12
    # |t - v|^2 from the anchor points alone
    for k in range(len(t)):
        u = anchors[k] @ t[k]
        assert u @ slow._pinv(anchors[k] @ anchors[k].T) @ u == pytest.approx(a[k], rel=1e-9)


def test_projection_on_anchor_points_is_the_distance_to_twelve_digits():
    points = spheres(6, 20, 60, 3, 0.7).reshape(120, 60)
    t, labels = draws(points.reshape(6, 20, 60), 30)
    solution = solve(Points.from_values(points, np.full(6, 20)), t, labels)
    anchors = np.array([w.reshape(6, 20) for w in solution.weights])
    anchors = np.einsum("kpm,pmn->kpn", anchors, points.reshape(6, 20, 60))
    for k in range(len(t)):
        basis = np.linalg.qr(anchors[k][solution.active[k]].T)[0]
        assert ((basis.T @ t[k]) ** 2).sum() == pytest.approx(solution.a[k], rel=1e-12)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="needs ../shared/reference")
@pytest.mark.parametrize("name", ["spheres", "small_radius", "pair", "correlated"])
def test_reference_numbers(name):
    with np.load(REFERENCE / "glue.npz") as file:
        stored = {key.split("/")[1]: file[key] for key in file.files if key.startswith(f"{name}/")}
    found = glue_from_draws(stored["points"], stored["t"], stored["labels"])
    for metric in METRICS[:4]:
        assert getattr(found, metric) == pytest.approx(float(stored[metric]), rel=1e-8)
    for metric in METRICS[4:7]:
        assert getattr(found, metric) == pytest.approx(float(stored[metric]), abs=1e-6)


def test_draws_and_numbers_of_this_version():
    """Changes here change results: of the draws, or of a convention."""
    points = spheres(5, 12, 40, 3, 0.7)
    found = glue_geometry(points, n_t=50, random_state=3, preprocess="none")
    known = Points.from_values(points.reshape(60, 40), np.full(5, 12))
    t = known.vectors(3, 50, range(5))
    expected, _, _ = slow.glue(points, t, draw_labels("random", None, 3, 50, 5))
    for name, value in GOLDEN.items():
        assert expected[name] == pytest.approx(value, rel=1e-8)
        assert getattr(found, name) == pytest.approx(value, rel=1e-8)
    # the law of the vectors: normal in the span of the points
    t = known.vectors(0, 20_000, range(5))
    span = np.linalg.svd(points.reshape(60, 40))[2][:20]  # five centres and three axes each
    np.testing.assert_allclose(t.T @ t / 20_000, span.T @ span, atol=0.05)


@pytest.mark.parametrize("dichotomies", ["random", "balanced", "one-vs-rest", "pairs"])
def test_identity(dichotomies):
    found = glue_geometry(
        spheres(5, 12, 40, 3, 0.7), n_t=30, random_state=0, dichotomies=dichotomies
    )
    values = {name: found.values[name] for name in METRICS[:4]}
    np.testing.assert_allclose(
        values["utility"] * (1 + values["radius"] ** -2) / values["dimension"],
        values["capacity"],
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    ("dimension", "radius", "radii", "dimensions"),
    [
        (2, 0.05, (0.0495, 0.0505), None),
        (2, 0.3, (0.295, 0.305), None),
        (2, 1.0, (0.95, 1.0), (1.8, 2.0)),
        (2, 2.0, (1.73, 1.79), (1.8, 2.1)),
        (4, 0.05, (0.0495, 0.0505), None),
        (4, 0.3, (0.29, 0.305), None),
        (4, 1.0, (0.92, 1.0), (3.5, 3.9)),  # 100 points leave gaps on this sphere
        (4, 2.0, (1.67, 1.75), (3.7, 4.1)),
    ],
)
def test_planted_spheres(dimension, radius, radii, dimensions):
    found = [
        glue_geometry(
            spheres(4, 100, 300, dimension, radius, seed), random_state=seed, preprocess="none"
        )
        for seed in range(6)
    ]
    assert radii[0] < np.mean([geometry.radius for geometry in found]) < radii[1]
    if dimensions:
        assert dimensions[0] < np.mean([g.dimension for g in found]) < dimensions[1]


def test_orthonormal_points():
    found = glue_geometry(np.eye(100)[:, np.newaxis], preprocess="none", random_state=0)
    assert found.capacity_lo < 2 < found.capacity_hi
    assert found.radius == found.dimension == found.utility == 0
    assert np.isnan(found.axis_alignment_cos) and found.center_alignment_cos == 0
    assert "single-point" in {warning.code for warning in found.warnings}


def test_collapsed_manifolds():
    """Utility falls to zero with the radius squared; copies of a point have none."""
    centers = spheres(6, 8, 50, 3, 0.0)
    directions = spheres(6, 8, 50, 3, 1.0) - centers
    found = [
        glue_geometry(centers + radius * directions, random_state=0, preprocess="none")
        for radius in (0.0, 1e-3, 1e-2)
    ]
    assert found[0].utility == found[0].radius == found[0].dimension == 0
    assert found[1].utility < 1e-4
    assert found[2].utility / found[1].utility == pytest.approx(100, rel=0.05)


def test_signs():
    base = dict(n_t=100, random_state=0, preprocess="none")
    plain = glue_geometry(spheres(6, 30, 80, 3, 0.7), **base)
    assert glue_geometry(spheres(6, 30, 80, 3, 1.4), **base).capacity < plain.capacity
    assert glue_geometry(spheres(6, 30, 80, 8, 0.7), **base).capacity < plain.capacity
    points = spheres(20, 10, 150, 3, 0.7)
    centers = np.random.default_rng(3).standard_normal((20, 4)) @ np.eye(4, 150) / 2
    apart = glue_geometry(points, **base)
    together = glue_geometry(points - points.mean(axis=1, keepdims=True) + centers[:, None], **base)
    assert together.center_alignment_abs > 3 * apart.center_alignment_abs
    assert together.capacity_hi < apart.capacity_lo


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("preprocess", ["center", "none"])
def test_rotation_scale_and_inner_products(name, preprocess):
    points = list(SETS[name])
    counts = [len(cloud) for cloud in points]
    n_features = points[0].shape[1]
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((2 * n_features, n_features)))[0].T
    options = dict(n_t=40, random_state=0, preprocess=preprocess, dichotomies="balanced")
    expected = numbers(glue_geometry(points, **options))
    np.testing.assert_allclose(
        numbers(glue_geometry([x @ turn for x in points], **options)), expected, 1e-9, 1e-9
    )
    scaled = numbers(glue_geometry([1e3 * x for x in points], **options))
    scaled[-3:] /= 1e6
    np.testing.assert_allclose(scaled, expected, 1e-9, 1e-9)
    together = np.concatenate(points)
    found = glue_from_gram(together @ together.T, counts, **options)
    np.testing.assert_allclose(numbers(found), expected, 1e-9, 1e-9)
    if preprocess == "center":
        moved = numbers(glue_geometry([x + 7.0 for x in points], **options))
        np.testing.assert_allclose(moved, expected, 1e-9, 1e-9)


INSEPARABLE = {"some inseparable": spheres(6, 3, 8, 2, 0.7), "all": spheres(9, 30, 4, 3, 0.7)}


@pytest.mark.parametrize("name", [*SETS, *INSEPARABLE])
def test_order_of_points_and_manifolds(name):
    points = list({**SETS, **INSEPARABLE}[name])
    t, labels = draws(points, 40)
    rng = np.random.default_rng(2)
    order = rng.permutation(len(points))
    moved = [rng.permutation(points[i]) for i in order]
    np.testing.assert_allclose(
        numbers(glue_from_draws(moved, t, labels[:, order])),
        numbers(glue_from_draws(points, t, labels)),
        rtol=1e-9,
        atol=1e-9,
    )
