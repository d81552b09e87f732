"""The parts of a sample: their mean is the number, and leaving out is done as by hand."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import (
    glue_geometry,
    inner_products,
    manifold_geometry,
)
from geomem.geometry.anchors import anchor_statistics
from geomem.geometry.products import gram_of_all
from geomem.measures import participation_ratio_from_gram
from geomem.statistics import sample
from geomem.statistics.mean_field import METRICS

P, M, N = 9, 8, 40


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    common = rng.standard_normal((P, 1, 2)) @ rng.standard_normal((2, N))
    return 1.5 * common + rng.standard_normal((P, 1, N)) + rng.standard_normal((P, M, N))


def totals(found):
    return {
        name: float(found.scales[name].backward(parts.mean()))
        for name, parts in found.parts.items()
        if name not in found.trimmed
    }


def test_the_numbers_are_those_of_the_geometry(points):
    found = sample(points, n_t=40)
    whole = manifold_geometry(points, n_t=40, random_state=0)
    for metric in METRICS:
        assert found.values[metric] == pytest.approx(getattr(whole, f"mean_{metric}"), rel=1e-9)
    for metric in ("radius", "dimension"):
        expected = getattr(whole, f"iqm_{metric}")
        assert found.values[f"{metric}_iqm"] == pytest.approx(expected, rel=1e-9)
    assert found.values["center_correlation"] == pytest.approx(whole.center_correlation, rel=1e-9)


@pytest.mark.parametrize("measure", ["geometry", "glue", "participation_ratio", "neural_collapse"])
def test_parts_average_to_the_number(points, measure):
    pytest.importorskip("pandas")
    settings = {"n_t": 40} if measure in ("geometry", "glue") else {}
    found = sample(points, measure=measure, **settings)
    for name, value in totals(found).items():
        if np.isfinite(value):
            assert value == pytest.approx(found.values[name], rel=1e-9), name


def test_arrays_gram_and_stored_products_give_the_same(points):
    ways = [
        sample(points, points=True, n_t=30),
        sample(inner_products(points), points=True, n_t=30),
        sample(gram_of_all(list(points)), counts=[M] * P, points=True, n_t=30),
    ]
    for other in ways[1:]:
        for name in METRICS:
            np.testing.assert_allclose(other.parts[name], ways[0].parts[name], rtol=1e-8)
            np.testing.assert_allclose(other.moved[name], ways[0].moved[name], rtol=1e-5, atol=1e-9)


def test_points_left_out_as_by_hand(points):
    """In all features: off the same directions, about the centre of the points that are left."""
    whole = manifold_geometry(points, n_t=30, random_state=0)
    found = sample(points, points=True, groups=4, n_t=30)
    centers = points.mean(axis=1) - points.mean(axis=(0, 1))
    directions = whole.low_rank.weights.T @ centers
    assert len(directions) >= 1
    lengths = np.linalg.norm(directions, axis=1)  # their squares are the fractions that go
    directions /= lengths[:, None]
    going = 1 - np.sqrt(1 - lengths**2)
    logs = np.empty((P, 4))
    for mu in range(P):
        off = points[mu] - points.mean(axis=(0, 1))
        off = off - (off @ directions.T * going) @ directions
        center = off.mean(axis=0)
        scaled = (off - center) / np.linalg.norm(center)
        # a basis in which the points are what the library's vectors are drawn for
        values, vectors = np.linalg.eigh(scaled @ scaled.T)
        values = np.maximum(values, 0.0)
        rng = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(1, mu)))
        draws = rng.standard_normal((30, M + 1))
        t = np.concatenate([draws[:, :-1] @ vectors, draws[:, -1:]], axis=1).T
        basis = np.sqrt(values)[:, None] * vectors.T  # (D, M)
        for group in range(4):
            kept = np.arange(M) % 4 != group
            rest = off[kept].mean(axis=0)
            inside = basis[:, kept] - basis[:, kept].mean(axis=1, keepdims=True)
            inside *= np.linalg.norm(center) / np.linalg.norm(rest)
            logs[mu, group] = -np.log(anchor_statistics(inside, t, 0.0).inverse_capacity.mean())
    deviations = (logs - logs.mean(axis=1, keepdims=True)) * np.sqrt(3 / 4)
    expected = -deviations / whole.capacity[:, None] / P
    got = found.moved["capacity"].reshape(P, -1)[:, :4]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-10)


def test_joint_numbers_are_those_of_the_library(points):
    found = sample(points, measure="glue", n_t=40)
    whole = glue_geometry(points, n_t=40, random_state=0)
    for name, value in found.values.items():
        assert value == pytest.approx(getattr(whole, name), rel=1e-9), name


def test_a_function_of_ones_own_and_the_textbook_jackknife(points):
    def spread(gram, counts):
        owner = np.repeat(np.arange(len(counts)), counts)
        traces = [np.diag(gram)[owner == mu].sum() for mu in range(len(counts))]
        return {"spread": np.array(traces), "most": max(traces)}

    gram = gram_of_all(list(points), center=False)
    found = sample(gram, counts=[M] * P, measure=spread)
    traces = np.array([np.diag(gram)[mu * M : (mu + 1) * M].sum() for mu in range(P)])
    logs = np.log([np.delete(traces, mu).mean() for mu in range(P)])
    expected = np.log(traces.mean()) + (P - 1) * (logs.mean() - logs)
    np.testing.assert_allclose(found.parts["spread"], expected, rtol=1e-10)


def test_every_measure_of_the_registry(points):
    pytest.importorskip("pandas")
    from geomem.registry.measures import MEASURES

    few = points[:5]
    for name in MEASURES:
        settings = {"n_t": 20} if name in ("geometry", "glue", "low_rank") else {}
        stored = sample(gram_of_all(list(few)), counts=[M] * 5, measure=name, **settings)
        arrays = sample(few, measure=name, points=True, groups=4, **settings)
        assert stored.values.keys() == arrays.values.keys(), name
        for metric, value in stored.values.items():
            assert value == pytest.approx(arrays.values[metric], rel=1e-6, nan_ok=True), metric


def test_participation_ratio_by_halves_or_groups_is_near_its_own_jackknife():
    """One manifold's points as the only ones: the standard error of a companion measure."""
    rng = np.random.default_rng(5)
    cloud = rng.standard_normal((60, 12))

    def ratio(gram):
        return {"ratio": participation_ratio_from_gram(gram).value}

    found = sample([cloud[:30], cloud[30:]], measure=ratio, points=True, groups=10)
    own = participation_ratio_from_gram(gram_of_all([cloud]))
    error = np.sqrt((found.moved["ratio"] ** 2).sum())
    assert found.values["ratio"] == pytest.approx(own.value, rel=1e-9)
    assert error == pytest.approx(np.log(own.hi / own.lo) / 2 / 1.99, rel=0.7)


def test_what_cannot_be_used_is_named(points):
    with pytest.raises(InputError, match="measure is 'depth'; expected one of geometry"):
        sample(points, measure="depth")
    with pytest.raises(InputError, match="takes x; expected a first argument called products"):
        sample(points, measure=lambda x: {})
    with pytest.raises(InputError, match="dichotomies is 'pairs'; expected one of random"):
        sample(points, measure="glue", dichotomies="pairs")
    with pytest.raises(InputError, match="groups is 1; expected a whole number from 2 up"):
        sample(points, points=True, groups=1)
    with pytest.raises(InputError, match="uncertainty from points needs two or more"):
        sample(points[:, :1], points=True, n_t=5)


@pytest.mark.parametrize("n_features", [40, 200])
def test_glue_of_narrow_values_far_from_the_origin(n_features):
    """The rounding of float32 is no dimension in a sample either: it was taken for 200 of them."""
    rng = np.random.default_rng(0)
    inside = rng.standard_normal((8, 1, 10)) + 0.3 * rng.standard_normal((8, 15, 10))
    points = inside @ np.linalg.qr(rng.standard_normal((n_features, 10)))[0].T * 5 + 30
    narrow = points.astype(np.float32)
    found = sample(narrow, measure="glue", n_t=20, random_state=0)
    whole = glue_geometry(narrow, n_t=20, random_state=0)
    for name in ("capacity", "dimension", "radius"):
        assert found.values[name] == pytest.approx(getattr(whole, name), rel=1e-9)
    wide = glue_geometry(points, n_t=20, random_state=0)
    assert found.values["capacity"] == pytest.approx(wide.capacity, rel=1e-4)
