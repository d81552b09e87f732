"""The geometry command with the joint estimator."""

import csv
import inspect

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import glue_geometry, manifold_geometry
from geomem.geometry.cli import main
from geomem.geometry.options import read_options, settings

from tests.geometry.test_glue import spheres

POINTS = spheres(4, 5, 20, 2, 0.6)


def test_numbers_and_table(tmp_path, capsys):
    path = tmp_path / "a.npy"
    np.save(path, POINTS)
    arguments = ["--estimator", "glue", "--n-t", "30", "--seed", "3", "--preprocess", "none"]
    assert main([str(path), *arguments, "--dichotomies", "pairs"]) == 0
    expected = glue_geometry(POINTS, n_t=30, random_state=3, preprocess="none", dichotomies="pairs")
    assert f"{expected.capacity:.5g}" in capsys.readouterr().out
    with open(tmp_path / "a.geometry.csv", newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    for metric in ("capacity", "radius", "axis_alignment_cos"):
        assert float(rows[metric]["value"]) == pytest.approx(getattr(expected, metric), rel=1e-9)
        assert float(rows[metric]["lo"]) < float(rows[metric]["hi"])


def test_parquet(tmp_path):
    tables = pytest.importorskip("geomem.storage.tables")
    pytest.importorskip("pyarrow")
    np.save(tmp_path / "a.npy", POINTS)
    output = tmp_path / "a.parquet"
    main([str(tmp_path / "a.npy"), "--estimator", "glue", "--n-t", "5", "--output", str(output)])
    assert "utility" in set(tables.read_table(output)["metric"])


def test_options_of_the_other_estimator(tmp_path):
    np.save(tmp_path / "a.npy", POINTS)
    file = str(tmp_path / "a.npy")
    mean_field = (["--kappa", "0"], ["--keep-low-rank"], ["--dimension-convention", "rank"])
    for extra in mean_field:
        with pytest.raises(InputError, match=f"{extra[0]}: of the estimator mean-field"):
            main([file, "--estimator", "glue", *extra])
    for extra in (["--dichotomies", "pairs"], ["--preprocess", "center"]):
        with pytest.raises(InputError, match=f"{extra[0]}: of the estimator glue"):
            main([file, *extra])
    with pytest.raises(InputError, match=r"--n-t is auto; expected a whole number from 1 up$"):
        main([file, "--estimator", "glue", "--n-t", "auto"])


def test_draws_where_none_are_asked_for_are_those_of_the_library(tmp_path):
    np.save(tmp_path / "a.npy", POINTS)
    for estimator, function in (("glue", glue_geometry), ("mean-field", manifold_geometry)):
        options = read_options("", [str(tmp_path / "a.npy"), "--estimator", estimator])
        default = inspect.signature(function).parameters["n_t"].default
        assert settings(options)["n_t"] == default
