"""Measures take the arrays that the geometry takes, and refuse by name what it refuses."""

import numpy as np
import pytest
import scipy.sparse
from geomem.errors import InputError
from geomem.measures import (
    intrinsic_dimension,
    intrinsic_dimension_from_gram,
    linear_cka,
    linear_cka_from_grams,
    linear_probe,
    neural_collapse,
    participation_ratio,
    participation_ratio_from_gram,
    subspace_probe,
)

RNG = np.random.default_rng(0)
POINTS = RNG.integers(-8, 9, (24, 6)).astype(float)
GRAM = POINTS @ POINTS.T
LABELS = np.repeat(np.arange(4), 6)
OTHER = RNG.standard_normal((24, 5))
CLASSES = POINTS.reshape(4, 6, 6)

MEASURES = {
    "cka": lambda x: linear_cka(x, OTHER),
    "cka, second": lambda x: linear_cka(OTHER, x),
    "participation": participation_ratio,
    "two-NN": intrinsic_dimension,
    "linear probe": lambda x: linear_probe(x, LABELS, POINTS, LABELS),
    "linear probe, test": lambda x: linear_probe(POINTS, LABELS, x, LABELS),
    "subspace probe": lambda x: subspace_probe(x, LABELS, POINTS, LABELS),
    "collapse, weights": lambda x: neural_collapse(CLASSES, weights=x[:4]),
}
SPOILT = {
    "masked": lambda x: np.ma.masked_greater(x, 0),
    "complex": lambda x: x + 1j,
    "objects": lambda x: x.astype(object),
    "text": lambda x: x.astype(str),
    "sparse": scipy.sparse.csr_array,
    "dates": lambda x: x.astype("i8").astype("M8[s]"),
}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("spoil", SPOILT)
def test_refused(name, spoil):
    with pytest.raises(InputError, match=r"masked|expected real numbers|is sparse"):
        MEASURES[name](SPOILT[spoil](POINTS))


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("kind", ["f2", ">f4", "i1", "list", "unmasked"])
def test_taken(name, kind):
    if kind == "list":
        given = POINTS.tolist()
    else:
        given = np.ma.MaskedArray(POINTS) if kind == "unmasked" else POINTS.astype(kind)
    assert str(MEASURES[name](given)) == str(MEASURES[name](POINTS))


@pytest.mark.parametrize(
    "measure",
    [
        participation_ratio_from_gram,
        intrinsic_dimension_from_gram,
        lambda gram: linear_cka_from_grams(gram, GRAM),
        lambda gram: linear_cka_from_grams(GRAM, gram),
    ],
)
def test_grams(measure):
    for spoil in SPOILT.values():
        with pytest.raises(InputError, match=r"masked|expected real numbers|is sparse"):
            measure(spoil(GRAM))
    with pytest.raises(InputError, match="is not symmetric"):
        measure(RNG.standard_normal((24, 24)))  # as many points as features


@pytest.mark.parametrize(
    "labels",
    [
        np.ma.masked_equal(LABELS, 3), LABELS + 0.5, np.where(LABELS == 1, np.nan, LABELS),
        LABELS + 0j, LABELS.astype(object),
    ],
)  # fmt: skip
@pytest.mark.parametrize("probe", [linear_probe, subspace_probe])
def test_labels(probe, labels):
    with pytest.raises(InputError, match=r"^labels has masked values or type"):
        probe(POINTS, labels, POINTS, LABELS)
    with pytest.raises(InputError, match=r"^test_labels has masked values or type"):
        probe(POINTS, LABELS, POINTS, labels)
