"""Low-rank structures on disk, and the same numbers from them as from a search."""

import numpy as np
import pandas as pd
import pytest
from geomem.analysis import mean_field
from geomem.analysis.low_rank_file import read_low_rank, write_low_rank
from geomem.geometry import inner_products
from geomem.warning import MeasurementWarning

SETTINGS = {"n_t": 20, "kappa": 0.0, "confidence": 0.95, "seed": 3, "threads": 1}
AUTO = {"rule": "barrier", "k": "auto"}


@pytest.fixture(scope="module")
def products():
    rng = np.random.default_rng(0)
    centers = 3 * rng.standard_normal((14, 2)) @ rng.standard_normal((2, 60))
    return inner_products((centers + rng.standard_normal((14, 60)))[:, None] + np.zeros((1, 5, 1))
                          + 0.3 * rng.standard_normal((14, 5, 60)))  # fmt: skip


def test_measures_from_a_file_are_those_from_a_search_of_their_own(products, tmp_path):
    found = mean_field.search(products, rule="barrier", confidence=0.95, seed=3, threads=1)
    marked = found.__class__(**{**vars(found), "warnings": (MeasurementWarning("a", "b"),)})
    write_low_rank(tmp_path / "f.npz", 4, {(0, "test"): found, (1, "test"): marked}, {})
    read = read_low_rank(tmp_path / "f.npz")
    assert read[1, "test"].warnings == marked.warnings
    assert read[0, "test"].hits == found.hits
    for function in (mean_field.measure, mean_field.profile):
        alone = function(products, low_rank=AUTO, **SETTINGS)
        given = function(products, low_rank=AUTO, found=read[0, "test"], **SETTINGS)
        pd.testing.assert_frame_equal(alone, given)


def test_a_fixed_number_of_directions_is_searched_for(products):
    found = mean_field.search(products, rule="barrier", confidence=0.95, seed=3, threads=1)
    for k in (1, "none"):
        settings = {"low_rank": {"rule": "barrier", "k": k}, **SETTINGS}
        alone = mean_field.measure(products, **settings)
        pd.testing.assert_frame_equal(mean_field.measure(products, found=found, **settings), alone)
        number = alone.loc[alone["metric"] == "low_rank_k", "value"].item()
        assert number == (0 if k == "none" else k) != found.weights.shape[1]
