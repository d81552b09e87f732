"""Tables that measures return: no row is lost, and manifolds are those that are there."""

import pandas as pd
import pytest
from geomem.analysis.measuring import as_frame
from geomem.collecting import RunTables, collect
from geomem.errors import InputError
from geomem.registry.measures import Measure
from geomem.registry.tables import of_measure
from geomem.warning import MeasurementWarning

SHOTS = pd.DataFrame({"metric": "snr", "shots": [1, 5, 20], "value": [1.0, 2.0, 3.0]})


def test_several_rows_of_one_measurement_are_refused():
    with pytest.raises(
        InputError, match=r"rows of the metric 'snr' for all manifolds together.*Put shots into"
    ):
        as_frame(SHOTS, 4, "mine:shots")
    with pytest.raises(InputError, match=r"rows of the metric 'snr' for manifold 2"):
        as_frame(SHOTS.assign(manifold=[0, 2, 2]), 4, "mine:shots")
    assert len(as_frame(SHOTS, 4, "mine:shots", keys=("shots",))) == 3
    named = SHOTS.assign(metric=[f"snr {shots}" for shots in SHOTS["shots"]])
    assert as_frame(named, 4, "mine:shots")["shots"].tolist() == [1, 5, 20]


@pytest.mark.parametrize(
    ("manifolds", "words"),
    [
        ([1, 2, 3, 4], "the manifold 4; expected positions from 0 to 3"),
        ([-1, 0, 1, 2], "the manifold -1; expected"),
        ([0.5, 1, 2, 3], r"manifolds \[0.5, 1.0, 2.0, 3.0\]; expected"),
        (list("abcd"), r"manifolds \['a', 'b', 'c', 'd'\]; expected"),
    ],
)
def test_manifolds_that_are_not_there(manifolds, words):
    frame = pd.DataFrame({"manifold": manifolds, "metric": "q", "value": 1.0})
    with pytest.raises(InputError, match=words):
        as_frame(frame, 4, "mine:q")


def test_a_warning_about_a_manifold_that_is_not_there():
    found = {"q": 1.0, "warnings": [MeasurementWarning("x", "y", manifolds=(4,))]}
    with pytest.raises(InputError, match="the manifold 4; expected"):
        as_frame(found, 4, "mine:q")


def test_rows_that_would_be_dropped_are_refused():
    """Of the same snapshot, known by two names, one table is kept."""
    record = {"status": "completed", "epochs": 2, "best_epoch": 2, "parameters": 9}
    whole = {"epoch": 2, "layer": "a", "layer_index": 0, "kind": "test", "manifold": pd.NA}
    frame = SHOTS.assign(**whole, lo=float("nan"), hi=float("nan"))

    def collected(frames, keys=()):
        table = of_measure(Measure("shots", "mine:shots", "Shots", keys=keys))
        return collect(table.keys, "small", [RunTables(8, 0.5, 0, record, frames)])

    with pytest.raises(InputError, match="a table has 3 or more rows of epoch 2, layer a"):
        collected([frame])
    assert len(collected([frame, frame], keys=("shots",))) == 3
