"""Which results have a difference in pairs; the message says in what others differ."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import (
    glue_difference,
    glue_from_draws,
    glue_geometry,
    manifold_geometry,
    paired_difference,
)

POINTS = np.random.default_rng(0).standard_normal((4, 6, 30))


def mean_field(points=POINTS, **options):
    return manifold_geometry(points, **{"n_t": 20, "random_state": 0, **options})


def joint(points=POINTS, **options):
    return glue_geometry(points, **{"n_t": 20, "random_state": 0, **options})


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"n_t": 10}, "n_t is 20 and 10"),
        ({"random_state": 1}, "random_state is 0 and 1"),
        ({"kappa": 0.5}, r"kappa is 0\.0 and 0\.5"),
        ({"dimension_convention": "rank"}, "dimension_convention is points and rank"),
        ({"remove_low_rank": False}, "remove_low_rank is True and False"),
        ({"low_rank_rule": "authors"}, "low_rank_rule is shrinkage and authors"),
        ({"low_rank_k": 1}, "low_rank_k is auto and 1"),
        ({"points": POINTS[:3]}, "there are 4 and 3 manifolds"),
        ({"points": [*POINTS[:3], POINTS[3, :5]]}, "manifold 3 has 6 and 5 points"),
    ],
)
def test_mean_field_results_that_differ(other, told):
    with pytest.raises(InputError, match=f"{told}; measure both with the same random_state"):
        paired_difference(mean_field(), mean_field(**other))


@pytest.mark.parametrize(
    ("options", "other", "told"),
    [
        ({}, {"n_t": 10}, "n_t is 20 and 10"),
        ({}, {"dichotomies": "balanced"}, "dichotomies is random and balanced"),
        ({}, {"preprocess": "none"}, "preprocess is center and none"),
        ({}, {"points": POINTS[:, :5]}, "manifold 0 has 6 and 5 points"),
        (
            {"dichotomies": "given", "labels": [1, 1, -1, -1]},
            {"dichotomies": "given", "labels": [1, -1, -1, -1]},
            "they are of other labels",
        ),
    ],
)
def test_joint_results_that_differ(options, other, told):
    with pytest.raises(InputError, match=f"{told}; measure both with the same random_state"):
        glue_difference(joint(**options), joint(**other))


def test_what_does_not_matter():
    found = paired_difference(mean_field(), mean_field(2 * POINTS, confidence=0.5, threads=1))
    assert found["capacity"].value == pytest.approx(0, abs=1e-9)
    labels = {"dichotomies": "given", "labels": [1, 1, -1, -1]}
    found = glue_difference(joint(**labels), joint(2 * POINTS, confidence=0.5, **labels))
    assert found["capacity"].value == pytest.approx(0, abs=1e-9)


def test_given_vectors_may_differ():
    found = glue_from_draws(POINTS, np.eye(30)[:5], np.ones((5, 4)))
    with pytest.raises(InputError, match="of given vectors"):
        glue_difference(found, found)


@pytest.mark.parametrize("confidence", [95, -0.9, 0, 1, "high", None])
def test_confidence_that_cannot_be_used(confidence):
    for difference, result in ((paired_difference, mean_field()), (glue_difference, joint())):
        with pytest.raises(InputError, match="confidence is"):
            difference(result, result, confidence=confidence)


def test_what_is_no_result():
    with pytest.raises(InputError, match="ndarray is no ManifoldGeometry"):
        paired_difference(POINTS, POINTS)
    with pytest.raises(InputError, match="ManifoldGeometry is no GlueGeometry"):
        glue_difference(joint(), mean_field())
