"""The geometry command and the workflow's script."""

import csv
import json
import zipfile

import numpy as np
import pytest
from geomem.errors import DamagedFileError, GeomemError, InputError
from geomem.geometry import manifold_geometry
from geomem.geometry.cli import main
from geomem.geometry.files import read_manifolds
from geomem.registry.measures import MEASURES

POINTS = np.random.default_rng(0).standard_normal((6, 4, 20))


def write(path, layout):
    if path.suffix == ".npy":
        np.save(path, POINTS)
    elif path.suffix == ".safetensors":
        pytest.importorskip("safetensors.numpy").save_file({"points": POINTS}, path)
    elif layout == "labels":
        np.savez(path, points=POINTS.reshape(-1, 20), labels=np.repeat(np.arange(6), 4))
    else:
        np.savez(path, **{f"class{i}": cloud for i, cloud in enumerate(POINTS)})


@pytest.mark.parametrize(
    ("name", "layout"),
    [("a.npy", ""), ("a.safetensors", ""), ("a.npz", "labels"), ("a.npz", "separate")],
)
def test_files(tmp_path, capsys, name, layout):
    path = tmp_path / name
    write(path, layout)
    assert main([str(path), "--seed", "3", "--n-t", "50"]) == 0
    expected = manifold_geometry(POINTS, n_t=50, random_state=3)
    printed = capsys.readouterr().out
    assert printed.startswith(
        "4 points in each manifold, 20 features; points without structure have capacity 2/4 = 0.5\n"
        f"{expected}\n"
    )
    assert f"{expected.mean_capacity:.5g}" in str(expected)
    with open(tmp_path / "a.geometry.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(None not in row and None not in row.values() for row in rows), "a column has no name"
    frame = expected.to_frame()
    assert [row["k_hi"] for row in rows] == [repr(float(value)) for value in frame["k_hi"]]
    values = [float(r["value"]) for r in rows if r["metric"] == "capacity" and r["manifold"]]
    np.testing.assert_allclose(values, expected.capacity, rtol=1e-9)


def test_frame_and_parquet(tmp_path):
    tables = pytest.importorskip("geomem.storage.tables")
    pytest.importorskip("pyarrow")
    write(tmp_path / "a.npz", "separate")
    output = tmp_path / "a.parquet"
    main([str(tmp_path / "a.npz"), "--n-t", "20", "--output", str(output)])
    frame = tables.read_table(output)
    assert list(frame["name"].dropna().unique()) == [f"class{i}" for i in range(6)]
    assert set(frame["metric"]) == {
        *("capacity", "radius", "dimension"),
        *("radius_iqm", "dimension_iqm"),
        *("center_correlation", "low_rank_k", "kkt_residual"),
    }


@pytest.mark.parametrize("options", [(), ("--estimator", "glue")])
def test_a_table_of_a_zarr_names_the_files_in_it(tmp_path, options):
    zarr = pytest.importorskip("zarr")
    tables = pytest.importorskip("geomem.storage.tables")
    pytest.importorskip("pyarrow")
    zarr.save_array(tmp_path / "a.zarr", POINTS)
    output = tmp_path / "a.parquet"
    main([str(tmp_path / "a.zarr"), "--n-t", "5", *options, "--output", str(output)])
    inputs = tables.table_provenance(output)["inputs"]
    assert set(inputs) == {str(path) for path in (tmp_path / "a.zarr").rglob("*") if path.is_file()}


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK not really")
    np.savez(tmp_path / "odd.npz", a=np.zeros(3), b=np.zeros((2, 2, 2)))
    for name, error in (
        ("a.npz", DamagedFileError),
        ("missing.npy", DamagedFileError),
        ("a.txt", InputError),
        ("odd.npz", InputError),
    ):
        with pytest.raises(error, match=name):
            read_manifolds(tmp_path / name)


@pytest.mark.parametrize("kind", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "half", "uint8"])
def test_types_that_numpy_lacks(tmp_path, kind):
    """All codes of the narrow types, against torch."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    kind = getattr(torch, kind)
    if kind.itemsize == 1:
        codes = torch.arange(256, dtype=torch.uint8)
    else:
        codes = torch.arange(2**16, dtype=torch.int32).to(torch.uint16)
    tensor = codes.view(kind).reshape(2, 4, -1)
    save_file({"a": tensor}, tmp_path / "a.safetensors")
    names, found = read_manifolds(tmp_path / "a.safetensors")
    assert names == ["0", "1"]
    with np.errstate(invalid="ignore"):  # signalling NaNs are among the codes
        found = np.stack(found).astype(float)
    np.testing.assert_array_equal(found, tensor.double().numpy())


def test_types_that_are_not_read(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    for kind in (torch.float8_e4m3fnuz, torch.float8_e8m0fnu):
        tensor = torch.zeros(2, 4, 8, dtype=torch.uint8).view(kind)
        save_file({"a": tensor}, tmp_path / "a.safetensors")
        with pytest.raises(InputError, match=r"a has type F8_.*convert it to float32"):
            read_manifolds(tmp_path / "a.safetensors")


FLAT, LABELS = POINTS.reshape(-1, 20), np.repeat(np.arange(6), 4)
TEXT = np.array(["a", "ä", "c d", "d", "e", "f"])[LABELS]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (LABELS.astype(float), list("012345")),
        (LABELS.astype(">i2"), list("012345")),
        (LABELS[:, None], list("012345")),
        (LABELS[:, None].astype(float), list("012345")),  # MATLAB's default
        (LABELS[None].astype(np.float32), list("012345")),
        (TEXT, ["a", "c d", "d", "e", "f", "ä"]),
        (np.char.encode(TEXT, "utf-8"), ["a", "c d", "d", "e", "f", "ä"]),
        (LABELS > 2, ["False", "True"]),
    ],
)
def test_labels(tmp_path, labels, names):
    np.savez(tmp_path / "a.npz", points=FLAT, labels=labels)
    found, manifolds = read_manifolds(tmp_path / "a.npz")
    assert found == names
    assert sum(map(len, manifolds)) == len(FLAT)
    flat = labels.reshape(-1)
    np.testing.assert_array_equal(manifolds[-1], FLAT[flat == np.unique(flat)[-1]])


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"points": FLAT, "labels": np.where(LABELS == 5, -1, LABELS)}, "has the label -1"),
        ({"points": FLAT, "labels": LABELS + 0.5}, "labels of type float64"),
        ({"points": FLAT, "labels": LABELS + np.nan}, "labels of type float64"),
        ({"points": FLAT, "labels": LABELS + np.inf}, "float64, not all of them finite"),
        ({"points": FLAT, "labels": LABELS - np.inf}, "float64, not all of them finite"),
        ({"points": FLAT, "labels": LABELS + 1e30}, "labels of type float64; expected"),
        ({"points": FLAT, "labels": LABELS + 0j}, "labels of type complex128"),
        ({"a": np.arange(20)[None], "b": np.ones((20, 20), int)}, r"a \(1, 20\) may hold the la"),
        ({"a": np.ones((9, 1), int), "b": np.ones((9, 1), int)}, r"a \(9, 1\) may hold the la"),
        ({"points": FLAT, "labels": LABELS[:-1]}, "23 labels for 24 points"),
        ({"points": FLAT, "labels": LABELS, "epoch": 3}, "epoch int64"),
        ({"points": FLAT, "labels": LABELS[:, None] + 0.5}, "labels of type float64"),
        ({"points": FLAT, "labels": np.eye(20)[np.arange(24) % 20]}, "one-hot code"),
        ({"a": FLAT[:6], "b": np.eye(6, dtype=int)}, "row of b has a single 1"),
        ({"points": FLAT, "weights": FLAT}, "points is a name for one array"),
        ({"labels": FLAT, "x": FLAT}, "labels is a name for one array"),
        ({"points": FLAT}, "holds 1 manifold"),
        ({}, "holds no array"),
        ({"a": np.array([FLAT, FLAT[:5]], dtype=object)}, "Python objects"),
        ({"a": POINTS + 0j}, "complex128; expected real numbers"),
        ({"a": POINTS.astype("V8")}, "expected real numbers: convert"),
    ],
)
def test_arrays_that_say_no_manifolds(tmp_path, arrays, words):
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=words):
        main([str(path)])


def test_what_is_no_array_file(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00")
    np.save(tmp_path / "b.npy", np.array([FLAT, FLAT[:5]], dtype=object))
    np.savez(tmp_path / "c.npz", a=FLAT)
    with zipfile.ZipFile(tmp_path / "c.npz", "a") as archive:
        archive.writestr("readme.txt", "hello")
    (tmp_path / "d.safetensors").write_bytes(b"\0" * 20)
    (tmp_path / "e.npz").write_bytes((tmp_path / "a.npy").read_bytes())
    for name, words in (
        ("a.npy", "cannot be read"),
        ("b.npy", "Python objects"),
        ("c.npz", "readme.txt, which is no array"),
        ("d.safetensors", "cannot be read"),
        ("", r"a\.npy: labels is empty"),  # of a folder
        ("e.npz", r"e\.npz is a single array; .* end in \.npy"),
    ):
        with pytest.raises(GeomemError, match=words):
            main([str(tmp_path / name)])


@pytest.mark.parametrize("names", [("points", "labels"), ("points", "y"), ("x", "labels")])
def test_names_tell_labels_from_a_manifold(tmp_path, names):
    labels = np.arange(20)[None] % 2
    np.savez(tmp_path / "a.npz", **dict(zip(names, (FLAT[:20], labels), strict=True)))
    assert read_manifolds(tmp_path / "a.npz")[0] == ["0", "1"]


def test_rows_that_are_manifolds(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.arange(20.0)[None], b=FLAT[:20])
    assert read_manifolds(tmp_path / "a.npz")[0] == ["a", "b"]


def test_blanks_around_labels_make_no_classes(tmp_path):
    padded = np.array([f"{k} " if i % 2 else f"{k}" for i, k in enumerate(LABELS)])
    np.savez(tmp_path / "a.npz", points=FLAT, labels=padded)
    assert read_manifolds(tmp_path / "a.npz")[0] == list("012345")


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_folders_without_a_name(tmp_path, monkeypatch, name):
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    with pytest.raises(GeomemError, match=r"names no array|no folder beside it"):
        main([name])


def test_output_is_tried_before_the_work(tmp_path, monkeypatch):
    write(tmp_path / "a.npy", "")
    monkeypatch.setattr("geomem.geometry.cli.read_manifolds", lambda path: pytest.fail("too late"))
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    for output in ("file/b.csv", "folder.csv"):
        with pytest.raises(InputError, match="cannot be written"):
            main([str(tmp_path / "a.npy"), "--output", str(tmp_path / output)])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs pandas and pyarrow"):
        main([str(tmp_path / "a.npy"), "--output", str(tmp_path / "b.parquet")])


def test_manifolds_of_several_sizes_have_no_common_floor(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", a=POINTS[0], b=POINTS[1], c=POINTS[2, :3])
    main([str(tmp_path / "a.npz"), "--n-t", "5"])
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "3 to 4 points in each manifold, 20 features"


def test_the_hint_comes_before_the_numbers(tmp_path, capsys):
    np.save(tmp_path / "a.npy", POINTS.transpose(0, 2, 1))
    main([str(tmp_path / "a.npy"), "--n-t", "5"])
    assert capsys.readouterr().err.startswith("warning: every manifold has more points than")


def test_workflow_script(tmp_path):
    pytest.importorskip("pyarrow")
    from geomem.analysis.activation_file import ActivationFile, prefix, write_activations
    from geomem.geometry import inner_products
    from geomem.storage.tables import read_table

    from scripts.measure_layers import main as measure

    arrays = {
        "test/manifolds": np.arange(10, 16),
        **inner_products(POINTS).to_arrays(prefix(2, "test")),
    }
    layers = ({"index": 2, "name": "conv", "kind": "conv", "shape": [20], "features": 20},)
    network = {"n_layers": 4, "weighted_layers": "1,2"}
    write_activations(tmp_path / "a.npz", ActivationFile(7, layers, arrays, network), {})
    low_rank = {"rule": "shrinkage", "k": "auto"}
    settings = {"n_t": 40, "kappa": 0.0, "low_rank": low_rank, "confidence": 0.9, "seed": 1}
    spec = json.dumps(MEASURES["geometry"].spec({"geometry": settings}))
    files = ["--activations", str(tmp_path / "a.npz"), "--output", str(tmp_path / "b.parquet")]
    measure(["--spec", spec, *files])
    table = read_table(tmp_path / "b.parquet")
    expected = manifold_geometry(POINTS, n_t=40, random_state=1, confidence=0.9)
    capacity = table[(table["metric"] == "capacity") & table["manifold"].notna()]
    assert list(capacity["manifold"]) == list(range(10, 16))
    np.testing.assert_allclose(capacity["hi"], expected.capacity_hi, rtol=1e-9)
    assert set(table["epoch"]) == {7} and set(table["layer"]) == {"conv"}
    assert set(table["n_layers"]) == {4} and set(table["weighted_layers"]) == {"1,2"}
    # What each vector adds gives the error of a mean, and is told for means alone.
    told = table[table["influence"].notna()].set_index("metric")
    means = ["capacity", "dimension", "dimension_iqm", "radius", "radius_iqm"]
    assert sorted(told.index) == means
    assert told["manifold"].isna().all()
    for metric, influence in told["influence"].items():
        assert len(influence) == 40
        assert influence.mean() == pytest.approx(0, abs=1e-6)
        if metric.endswith("_iqm"):  # the interval of its own takes manifolds as independent
            continue
        error = influence.std(ddof=1) / np.sqrt(40)
        half = getattr(expected, f"mean_{metric}_hi") - getattr(expected, f"mean_{metric}_lo")
        # Forty vectors know an error to a tenth; the factor 1.65 is the normal quantile.
        assert error == pytest.approx(half / 2 / 1.65, rel=0.35)
