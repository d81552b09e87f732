"""`python -m geomem geometry FILE --sweep M --shuffles N`: files, numbers and messages."""

import csv

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import manifold_geometry
from geomem.geometry.cli import main


@pytest.fixture
def file(tmp_path):
    points = np.random.default_rng(0).standard_normal((6, 20, 40))
    np.save(tmp_path / "a.npy", points)
    return tmp_path / "a.npy"


@pytest.mark.parametrize("estimator", ["mean-field", "glue"])
def test_sweep_and_shuffles(file, capsys, estimator):
    options = ["--n-t", "20", "--sweep", "16", "--repeats", "2", "--shuffles", "3"]
    assert main([str(file), *options, "--estimator", estimator]) == 0
    said = capsys.readouterr().out
    assert "limit of capacity" in said and "3 times with points dealt" in said
    with open(file.with_suffix(".sweep.csv"), newline="") as stream:
        rows = list(csv.DictReader(stream))
    sizes = {int(row["n_points"]) for row in rows if row["n_points"] != "inf"}
    assert min(sizes) == 5 and max(sizes) == 16
    if estimator == "mean-field":
        last = [float(r["value"]) for r in rows if r["metric"] == "capacity"][len(sizes) - 1]
        assert last == pytest.approx(2 / 16, rel=0.15)
    if pytest.importorskip("matplotlib"):
        picture = file.with_suffix(".sweep.png")
        assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_dimension_convention(file, capsys):
    main([str(file), "--n-t", "20", "--dimension-convention", "rank"])
    expected = manifold_geometry(
        np.load(file), n_t=20, random_state=0, dimension_convention="rank"
    ).mean_dimension
    assert f"{expected:.5g}" in capsys.readouterr().out


def test_what_cannot_be_asked(file):
    with pytest.raises(InputError, match="n_points is 21 and the smallest manifold has 20"):
        main([str(file), "--n-t", "10", "--sweep", "21"])
    with pytest.raises(InputError, match="--shuffles is 0"):
        main([str(file), "--n-t", "10", "--shuffles", "0"])
    with pytest.raises(InputError, match="--repeats: how often --sweep measures"):
        main([str(file), "--n-t", "10", "--repeats", "2"])


@pytest.mark.parametrize(
    "extra",
    [
        ["--sweep", "10"], ["--repeats", "2"], ["--shuffles", "3"],
        ["--dimension-convention", "rank"],
    ],
)  # fmt: skip
def test_many_arrays_are_not_asked_for_what_they_lack(file, extra):
    with pytest.raises(InputError, match=f"{extra[0]}: for one array file"):
        main([str(file.parent), *extra])
    with pytest.raises(InputError, match=r"expected a whole number .* for a manifest"):
        main([str(file.parent), "--n-t", "auto"])
