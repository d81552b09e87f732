"""The benchmark over numbers of points measures what its theory is about."""

import runpy
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "few_points.py"


@pytest.mark.parametrize("radius", [0.5, 1.5])
def test_a_segment_is_known_from_its_ends(radius):
    """The ball with D = 1 is a segment. Its two ends are all that matters, so there is no bias."""
    program = runpy.run_path(str(BENCHMARK))

    def ends(rng, n_points):
        return radius * np.resize([1.0, -1.0], (n_points, 1))

    *found, by_rank = program["measured"](ends, 8, 3, 3000, np.random.default_rng(0))
    capacity, expected, _ = program["theory"](np.array([radius]))
    assert found[0] == pytest.approx(capacity, rel=0.03)
    assert found[1] == pytest.approx(expected, rel=0.01)
    assert by_rank == pytest.approx(1.0, abs=1e-9)
