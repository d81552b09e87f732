"""The geometry command and the workflow's script."""

import csv
import json

import numpy as np
import pytest
from geomem.errors import DamagedFileError, InputError
from geomem.geometry import manifold_geometry
from geomem.geometry.cli import main, read_manifolds
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
    assert f"{expected.mean_capacity:.5g}" in capsys.readouterr().out
    with open(tmp_path / "a.geometry.csv", newline="") as file:
        rows = list(csv.DictReader(file))
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
    settings = {"n_t": 40, "kappa": 0.0, "remove_low_rank": True, "confidence": 0.9, "seed": 1}
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
    assert sorted(told.index) == ["capacity", "dimension", "radius"]
    assert told["manifold"].isna().all()
    for metric, influence in told["influence"].items():
        assert len(influence) == 40
        assert influence.mean() == pytest.approx(0, abs=1e-6)
        error = influence.std(ddof=1) / np.sqrt(40)
        half = getattr(expected, f"mean_{metric}_hi") - getattr(expected, f"mean_{metric}_lo")
        # Forty vectors know an error to a tenth; the factor 1.65 is the normal quantile.
        assert error == pytest.approx(half / 2 / 1.65, rel=0.35)
