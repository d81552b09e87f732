"""Manifolds as people hand them over: the numbers of plain arrays, or a refusal by name."""

import decimal
import os
import warnings

import numpy as np
import pytest
import scipy.sparse
import torch
from geomem.errors import InputError
from geomem.geometry import (
    anchor_geometry,
    glue_geometry,
    inner_products,
    manifold_geometry,
    simulated_capacity,
    simulated_capacity_from_gram,
)
from geomem.geometry.clouds import on_host
from geomem.geometry.parallel import default_threads, thread_map

RNG = np.random.default_rng(0)
POINTS = RNG.integers(-8, 8, (4, 5, 30)).astype(np.float64)  # exact in every type below
TENSOR = torch.from_numpy(POINTS)


def plain(manifolds):
    """The inner products, by loops over plain double-precision numbers."""
    clouds = [np.array([[_number(x) for x in row] for row in cloud]) for cloud in manifolds]
    means = np.array([cloud.mean(axis=0) for cloud in clouds])
    centers = means - np.concatenate(clouds).mean(axis=0)
    grams = [(c - m) @ (c - m).T for c, m in zip(clouds, means, strict=True)]
    return grams, centers @ centers.T


def _number(x):
    return float(x.detach() if hasattr(x, "detach") else x)


TAKEN = {
    "float16": POINTS.astype(np.float16),
    "float32, big endian": POINTS.astype(">f4"),
    "int16, big endian": POINTS.astype(">i2"),
    "int8": POINTS.astype(np.int8),
    "long double": POINTS.astype(np.longdouble),
    "Fortran order": np.asfortranarray(POINTS),
    "reversed views": POINTS[:, ::-1, ::-1],
    "read-only": np.broadcast_to(POINTS, POINTS.shape),
    "lists": POINTS.tolist(),
    "masked without a mask": np.ma.MaskedArray(POINTS),
    "array of arrays": np.array([*POINTS, POINTS[0, :3]], dtype=object),
    "bfloat16": TENSOR.bfloat16(),
    "float8": TENSOR.to(torch.float8_e4m3fn),
    "int32 tensor": TENSOR.int(),
    "needs a gradient": TENSOR.clone().requires_grad_(),
    "lists of tensors": [[*cloud] for cloud in TENSOR],
    "NumPy and torch": [TENSOR[0], POINTS[1], TENSOR[2].bfloat16(), POINTS[3].astype(">f8")],
    "a subclass": TENSOR.as_subclass(type("Image", (torch.Tensor,), {})),
    "a sign still to be turned": torch.complex(-TENSOR, -TENSOR).conj().imag,
    "transposed and back": TENSOR.transpose(1, 2).contiguous().transpose(1, 2),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_taken(kind):
    manifolds = TAKEN[kind]
    grams, centers = plain(manifolds)
    found = inner_products(manifolds, threads=1)
    for mine, theirs in zip(grams, found.grams, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found.centers, centers, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("float16", "float16"),
        ("float32", "float32"),
        ("float64", "float64"),
        ("bfloat16", "float32"),
        ("float8_e4m3fn", "float32"),
        ("int32", "int32"),
        ("bool", "bool"),
    ],
)
def test_tensors_keep_their_type_where_numpy_has_it(kind, expected):
    """How far values are rounded is told by it."""
    tensor = TENSOR.to(getattr(torch, kind))
    found = on_host(tensor)
    assert found.dtype == expected
    np.testing.assert_array_equal(found, tensor.double().numpy())


def test_tensors_whose_sign_is_still_to_be_turned():
    tensor = torch.complex(TENSOR, TENSOR).to(torch.cfloat).conj().imag
    assert tensor.is_neg()
    found = on_host(tensor)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, -POINTS)


def test_mixed_manifolds_are_rounded_as_arrays_are():
    """One tensor among arrays, or one of each in lists, made all of them double precision."""
    rng = np.random.default_rng(0)
    inside = rng.standard_normal((5, 1, 3)) + 0.5 * rng.standard_normal((5, 6, 3))
    points = (inside @ rng.standard_normal((3, 40)) + 10).astype(np.float32)
    expected = glue_geometry(points, n_t=10, random_state=0, threads=1)
    tensors = torch.from_numpy(points)
    for mixed in ([tensors[0], *points[1:]], [[*cloud] for cloud in tensors]):
        found = glue_geometry(mixed, n_t=10, random_state=0, threads=1)
        assert found.capacity_floor == expected.capacity_floor == 5 / 3
        assert found.capacity == pytest.approx(expected.capacity, rel=1e-9)


REFUSED = {
    "masked": (lambda: np.ma.masked_greater(POINTS, 6), "masked values"),
    "masked rows in lists": (
        lambda: [[np.ma.masked_greater(row, 6) for row in cloud] for cloud in POINTS],
        r"manifolds\[0\]\[\d\] has masked values",
    ),
    "masked tensors": (
        lambda: [torch.masked.masked_tensor(c, c > 0) for c in TENSOR],
        r"manifolds\[0\] .*MaskedTensor.*plain dense",
    ),
    "complex": (lambda: POINTS + 0j, "complex128; expected real"),
    "complex tensor": (lambda: TENSOR + 0j, "complex128; expected real"),
    "scipy matrices": (lambda: [scipy.sparse.csr_matrix(c) for c in POINTS], "toarray"),
    "scipy arrays": (lambda: [scipy.sparse.coo_array(c) for c in POINTS], "toarray"),
    "one scipy array": (lambda: scipy.sparse.csr_array(POINTS[0]), "manifolds is sparse"),
    "sparse tensors": (lambda: [c.to_sparse() for c in TENSOR], r"sparse tensor.*to_dense"),
    "compressed tensors": (lambda: [c.to_sparse_csr() for c in TENSOR], "to_dense"),
    "one sparse tensor": (lambda: TENSOR.to_sparse(), "manifolds is a sparse tensor"),
    "nested tensor": (lambda: torch.nested.nested_tensor([*TENSOR]), "unbind"),
    "quantized": (
        lambda: [torch.quantize_per_tensor(c.float(), 0.1, 0, torch.qint8) for c in TENSOR],
        "dequantize",
    ),
    "no values": (lambda: TENSOR.to("meta"), "meta, which holds no values"),
    "objects": (lambda: POINTS.astype(object), "object; expected real numbers: convert"),
    "decimals": (lambda: [[[decimal.Decimal(1)] * 3] * 2] * 2, "object; expected"),
    "missing values": (lambda: [[[1, None], [2, 3]]] * 2, "object; expected"),
    "structured": (
        lambda: np.zeros((4, 5), [("a", float), ("b", int)]),
        "structured_to_unstructured",
    ),
    "raw bytes": (lambda: np.zeros((4, 5, 6), "V2"), r"\|V2; expected real numbers: convert"),
    "dates": (lambda: np.zeros((4, 5, 6), "M8[s]"), "datetime64"),
    "text": (lambda: POINTS.astype(str), "<U32; expected real"),
    "a mapping": (lambda: dict(enumerate(POINTS)), "values"),
    "a set": (lambda: {1.0, 2.0}, "no order"),
    "ragged": (lambda: [[[1, 2], [3]], [[1, 2], [3, 4]]], r"manifolds\[0\] \(list\) cannot"),
    "ragged the other way": (
        lambda: [RNG.standard_normal((30, m)) for m in (4, 5, 6)],
        "give the transpose of each",
    ),
    "feature maps": (lambda: POINTS.reshape(4, 5, 3, 10), r"reshape\(len\(points\), -1\)"),
    "no sequence": (lambda: 3.0, "manifolds is float"),
    "no dimensions": (lambda: np.array(3.0), "manifolds is ndarray"),
    "not a number": (lambda: np.where(POINTS > 6, np.nan, POINTS), "not finite"),
    "too large for its type": (lambda: (1e4 * POINTS).astype(np.float16), "not finite"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.filterwarnings("ignore:.*(beta|prototype|deprecated)")  # parts of torch
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_refused_by_name(kind):
    make, words = REFUSED[kind]
    manifolds = make()
    for measure in (manifold_geometry, simulated_capacity):
        with pytest.raises(InputError, match=words):
            measure(manifolds, random_state=0, threads=1)


def test_data_frames():
    import pandas

    frames = [pandas.DataFrame(cloud) for cloud in POINTS]
    np.testing.assert_allclose(
        inner_products(frames).centers, inner_products(POINTS).centers, atol=1e-9
    )
    with pytest.raises(InputError, match="one data frame"):
        manifold_geometry(frames[0])


def test_data_frames_with_columns_in_another_order():
    import pandas

    frames = [pandas.DataFrame(cloud).add_prefix("f") for cloud in POINTS]
    whole = inner_products(frames).centers
    frames[2] = frames[2].iloc[:, ::-1]
    with pytest.raises(InputError, match=r"manifolds\[2\] is a data frame with other columns"):
        inner_products(frames)
    frames[2] = frames[2][frames[0].columns]
    np.testing.assert_array_equal(inner_products(frames).centers, whole)


@pytest.mark.parametrize("measure", [manifold_geometry, glue_geometry, simulated_capacity])
def test_the_unit_does_not_matter_until_squares_are_lost(measure):
    """Capacity has no unit. Values below 1e-140 have squares that double precision cannot hold,
    values below 1e-75 fourth powers, which GLUE needs."""
    options = {"random_state": 0, "threads": 1}
    options |= {} if measure is simulated_capacity else {"n_t": 10}
    whole = measure(POINTS[:, :4], **options).capacity
    power = 150 if measure is glue_geometry else 460
    for unit in (2.0**-power, 2.0**power):
        np.testing.assert_allclose(measure(unit * POINTS[:, :4], **options).capacity, whole)
    with pytest.raises(InputError, match=r"[Mm]ultiply all"):
        measure(1e-170 * POINTS[:, :4], **options)


def test_a_hint_where_rows_may_be_features():
    """The authors' code takes (features, points)."""
    with pytest.warns(UserWarning, match=r"30 points, 5 features.*transpose"):
        manifold_geometry(POINTS.transpose(0, 2, 1), n_t=5, threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        manifold_geometry(POINTS, n_t=5, threads=1)


def test_input_errors_are_value_errors():
    with pytest.raises(ValueError, match="n_t is 0"):
        manifold_geometry(POINTS, n_t=0)


@pytest.mark.parametrize(
    ("stated", "threads"), [("3", 3), ("1,1", 1), (" 2 , 4", 2), ("0", 1), ("", 5), ("many", 5)]
)
def test_default_threads(monkeypatch, stated, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(5), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", stated)
    assert default_threads() == threads


def test_systems_without_affinity(monkeypatch):
    """As on macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert default_threads() == 1
    assert np.isfinite(manifold_geometry(POINTS, n_t=5, random_state=0).mean_capacity)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2"])
def test_threads_are_whole_numbers(threads):
    with pytest.raises(InputError, match="threads is"), thread_map(threads):
        pass


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x: np.ma.masked_greater(x, 0), "has masked values"),
        (lambda x: x + 0j, "expected real numbers"),
        (lambda x: scipy.sparse.csr_array(x), "is sparse"),
        (lambda x: x.astype(object), "expected real numbers"),
        (lambda x: torch.from_numpy(x).to("meta"), "no values"),
    ],
)
def test_other_functions_take_the_same_arrays(spoil, words):
    points, t = RNG.standard_normal((6, 5)), RNG.standard_normal((7, 20))
    gram = points.T @ points
    whole = anchor_geometry(points, t)
    assert anchor_geometry(torch.from_numpy(points), t.tolist()) == whole
    with pytest.raises(InputError, match=f"points.*{words}"):
        anchor_geometry(spoil(points), t)
    with pytest.raises(InputError, match=f"t .*{words}"):
        anchor_geometry(points, spoil(t))
    with pytest.raises(InputError, match=f"gram.*{words}"):
        simulated_capacity_from_gram(spoil(gram), [2, 3])


def test_a_gram_is_symmetric():
    with pytest.raises(InputError, match="gram is not symmetric"):
        simulated_capacity_from_gram(np.arange(16.0).reshape(4, 4), [2, 2])
