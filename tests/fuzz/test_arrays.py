"""Random manifolds, whole or spoilt: the numbers of plain loops, or an error by name."""

import os

import numpy as np
import pytest
import scipy.sparse
import torch
from geomem.errors import GeomemError, InputError
from geomem.geometry import inner_products, manifold_geometry
from geomem.geometry.files import read_manifolds
from geomem.geometry.parallel import default_threads

pytestmark = pytest.mark.slow


def slow_products(clouds):
    """Grams and products of centres, number by number."""
    means = [[sum(column) / len(cloud) for column in zip(*cloud, strict=True)] for cloud in clouds]
    everything = [point for cloud in clouds for point in cloud]
    middle = [sum(column) / len(everything) for column in zip(*everything, strict=True)]
    centers = [[a - b for a, b in zip(mean, middle, strict=True)] for mean in means]
    grams = []
    for cloud, mean in zip(clouds, means, strict=True):
        rows = [[a - b for a, b in zip(point, mean, strict=True)] for point in cloud]
        grams.append([[sum(map(float.__mul__, p, q)) for q in rows] for p in rows])
    return grams, [[sum(map(float.__mul__, p, q)) for q in centers] for p in centers]


NUMPY_TYPES = ("f2", ">f2", "f4", ">f4", "f8", ">f8", "i1", "i2", ">i2", "i4", ">i8", "g")
TORCH_TYPES = (
    torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.int8, torch.int32,
    torch.float8_e4m3fn,
)  # fmt: skip


def strided(array, rng):
    """The same values behind other strides."""
    choice = rng.integers(4)
    if choice == 0:
        return np.asfortranarray(array)
    if choice == 1:
        return array[::-1].copy()[::-1]
    if choice == 2:
        wide = np.zeros((len(array), 2 * array.shape[1]), array.dtype)
        wide[:, ::2] = array
        return wide[:, ::2]
    array = array.copy()
    array.flags.writeable = False
    return array


def dressed(cloud, rng):
    """A cloud of small whole numbers in a container and type in which they are exact."""
    choice = rng.integers(6)
    if choice == 0:
        return cloud.tolist()
    if choice == 1:
        return torch.from_numpy(cloud).to(TORCH_TYPES[rng.integers(len(TORCH_TYPES))])
    if choice == 2:
        return np.ma.MaskedArray(cloud)
    if choice == 3:
        return [torch.tensor(row) for row in cloud]
    return strided(cloud.astype(NUMPY_TYPES[rng.integers(len(NUMPY_TYPES))]), rng)


SPOIL = {
    "masked": lambda c: np.ma.masked_where(np.arange(c.size).reshape(c.shape) == 0, c),
    "complex": lambda c: c + 1j,
    "object": lambda c: c.astype(object),
    "text": lambda c: c.astype(str),
    "bytes": lambda c: c.astype(bytes),
    "not a number": lambda c: np.where(np.arange(c.size).reshape(c.shape) == c.size - 1, np.nan, c),
    "infinite": lambda c: np.where(np.arange(c.size).reshape(c.shape) == 0, -np.inf, c),
    "sparse": scipy.sparse.csr_array,
    "sparse tensor": lambda c: torch.from_numpy(c).to_sparse(),
    "complex tensor": lambda c: torch.from_numpy(c).to(torch.complex64),
    "no values": lambda c: torch.from_numpy(c).to("meta"),
    "flat": lambda c: c[0],
    "deep": lambda c: c[:, :, None],
    "one feature too many": lambda c: np.hstack([c, c[:, :1]]),
    "no point": lambda c: c[:0],
    "no feature": lambda c: c[:, :0],
    "ragged": lambda c: [*c.tolist(), [1.0]],
    "none": lambda c: None,
    "a name": lambda c: "cloud",
    "structured": lambda c: np.zeros(len(c), [("a", "f8"), ("b", "f8")]),
    "dates": lambda c: c.astype("i8").astype("M8[s]"),
}


@pytest.mark.parametrize("seed", range(160))
@pytest.mark.filterwarnings("ignore:every manifold has more points")
def test_whole(seed):
    rng = np.random.default_rng(seed)
    n_features = int(rng.integers(1, 40))
    clouds = [
        rng.integers(-8, 9, (int(rng.integers(1, 12)), n_features)).astype(float)
        for _ in range(rng.integers(2, 7))
    ]
    found = inner_products([dressed(cloud, rng) for cloud in clouds], threads=1)
    grams, centers = slow_products([cloud.tolist() for cloud in clouds])
    for mine, theirs in zip(grams, found.grams, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-11, atol=1e-9)
    np.testing.assert_allclose(found.centers, centers, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("seed", range(84))
@pytest.mark.filterwarnings("ignore")
def test_spoilt(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(2, 9, 2))
    clouds = [rng.integers(-8, 9, shape).astype(float) for _ in range(rng.integers(2, 6))]
    place = int(rng.integers(len(clouds)))
    spoil = list(SPOIL.values())[seed % len(SPOIL)]
    given = [dressed(cloud, rng) for cloud in clouds]
    given[place] = spoil(clouds[place])
    with pytest.raises(InputError, match="manifolds"):
        manifold_geometry(given, n_t=5, random_state=0, threads=1)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.filterwarnings("ignore:every manifold has more points")
def test_damaged_files(tmp_path, seed):
    """Cut, changed or lengthened: what is read has the shapes written, or an error names it."""
    from safetensors.numpy import save_file

    rng = np.random.default_rng(seed)
    points = rng.standard_normal((4, 3, 9)).astype(NUMPY_TYPES[rng.integers(6)])
    path = tmp_path / f"a.{('npy', 'npz', 'safetensors')[seed % 3]}"
    if path.suffix == ".npy":
        np.save(path, points)
    elif path.suffix == ".npz":
        np.savez(path, points=points)
    else:
        save_file({"points": points.astype(points.dtype.newbyteorder("="))}, path)
    content = bytearray(path.read_bytes())
    if seed % 2:
        content = content[: rng.integers(len(content))]
    else:
        for place in rng.integers(0, len(content), rng.integers(1, 9)):
            content[place] = rng.integers(256)
    path.write_bytes(content)
    try:
        _, found = read_manifolds(path)
        with np.errstate(all="ignore"):
            manifold_geometry(found, n_t=3, random_state=0, threads=1)
    except GeomemError as error:
        assert str(error)


@pytest.mark.parametrize("seed", range(40))
def test_threads_from_any_text(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    letters = list("0123456789,; -+.eE²x")
    text = "".join(rng.choice(letters, rng.integers(0, 6)))
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    first = text.split(",")[0].strip()
    expected = len(os.sched_getaffinity(0))
    if first and all(letter in "0123456789" for letter in first):
        expected = max(int(first), 1)
    assert default_threads() == expected
