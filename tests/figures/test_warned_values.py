"""Values with a warning: marked and counted, without a say in the range of the axes."""

import numpy as np
import pandas as pd
import pytest
from geomem.figures import seeds, style
from geomem.figures.differences import difference
from geomem.warning import MeasurementWarning, column, pack, unpack

from tests.figures import synthetic
from tests.figures.drawing import caption_of, draw, lines, tables

RADIUS = MeasurementWarning("short-center", "its radius says little", ("radius",), (3,))
EVERY = MeasurementWarning("few-vectors", "the standard error of the mean is 0.02 of it")
METRICS = ("capacity", "radius", "dimension")


def warn(inputs, warning, value=None, **where):
    """The inputs with a warning in the rows that it is about, and a radius of `value`."""
    geometry = inputs["geometry"].copy()
    chosen = np.logical_and.reduce([geometry[name] == wanted for name, wanted in where.items()])
    assert chosen.any()
    rows = geometry.loc[chosen, ["metric", "manifold"]].itertuples(index=False)
    about = [(metric, None if mu is pd.NA else mu) for metric, mu in rows]
    geometry.loc[chosen, "warnings"] = column([warning], about)
    if value is not None:
        radii = chosen & (geometry["metric"] == "radius")
        geometry.loc[radii, ["value", "lo", "hi"]] = value, 0.9 * value, 1.1 * value
    return {**inputs, "geometry": geometry}


@pytest.fixture(scope="module")
def plain():
    return tables(synthetic.cells(n_seeds=2), epochs=(None, synthetic.LAST))


def of_last_epoch(figure):
    """Axes of the last row of `depth`, by quantity."""
    return dict(zip(METRICS, figure.axes[-3:], strict=True))


def open_marks(axes):
    """Points (x, y) drawn open in their place."""
    return [
        tuple(point)
        for line in axes.lines
        if line.get_label() == "_warned"
        for point in line.get_xydata()
        if line.get_markerfacecolor() == "white"
    ]


def triangles(axes):
    """Markers and places of what is beyond the axes."""
    return [
        (line.get_marker(), *point)
        for line in axes.lines
        if line.get_label() == "_beyond"
        for point in line.get_xydata()
    ]


def test_means_and_differences_have_the_warnings_of_all_their_values():
    base = pd.DataFrame(
        {"layer": "fc", "width": 8, "noise": 0.5, "seed": [0, 1], "value": [1.0, 2.0],
         "lo": 0.9, "hi": 2.1, "warnings": ["", pack([RADIUS])]}
    )  # fmt: skip
    assert seeds.over_seeds(base, ["layer"])["warnings"].tolist() == [pack([RADIUS])]
    earlier = base.assign(warnings=[pack([EVERY]), pack([EVERY, RADIUS])])
    both = difference(base, earlier, ["layer"])["warnings"]
    assert list(map(unpack, both)) == [(EVERY,), (RADIUS, EVERY)]


def test_a_value_that_is_not_defined_leaves_a_gap_with_its_warning():
    rows = pd.DataFrame({"x": [0, 1], "seed": 0, "value": [1.0, np.nan], "lo": 1.0, "hi": 1.0})
    means = seeds.over_seeds(rows.assign(warnings=["", pack([EVERY])]), ["x"])
    assert np.isnan(means["value"][1]) and means["warnings"][1] == pack([EVERY])
    assert "One seed" in seeds.interval_note([means])
    assert len(seeds.over_seeds(rows, ["x"])) == 1


def test_a_far_value_is_at_the_edge_of_axes_that_stay_as_they_are(plain):
    where = {"kind": "test", "layer": "fc1", "last": True, "seed": 1}
    inputs = warn(plain, RADIUS, 9000, **where)
    figure = draw("depth", inputs, noise=0.5)
    sound = plain["geometry"].drop(index=_rows(inputs))
    without = of_last_epoch(draw("depth", {**plain, "geometry": sound}, noise=0.5))
    after = of_last_epoch(figure)
    for metric in METRICS:
        assert after[metric].get_ylim() == pytest.approx(without[metric].get_ylim(), rel=0.02)
    place = synthetic.SMALL.index("fc1")
    assert triangles(after["radius"]) == [("^", place, after["radius"].get_ylim()[1])]
    assert not open_marks(after["radius"])
    drawn = lines(after["radius"])["test"].get_ydata()
    assert np.isnan(drawn[place]) and np.isfinite(np.delete(drawn, place)).all()
    assert not triangles(after["capacity"]) and not open_marks(after["capacity"])
    total = 2 * 3 * len(synthetic.SMALL) * 6
    said = f"Open marks: warned, see the table (1 of {total} values, triangles: beyond the axes)."
    assert said in caption_of(figure)


def _rows(inputs):
    """Rows of the radius that have a warning."""
    table = inputs["geometry"]
    return table.index[(table["warnings"] != "") & (table["metric"] == "radius")]


def test_depth_opens_the_marks_of_values_within_the_axes(plain):
    where = {"kind": "permuted", "layer": "fc1", "last": True, "seed": 0}
    figure = draw("depth", warn(plain, EVERY, **where), noise=0.5)
    place = synthetic.SMALL.index("fc1")
    for axes in of_last_epoch(figure).values():
        line = lines(axes)["permuted"]
        assert open_marks(axes) == [(place, line.get_ydata()[place])]
        assert line.get_markerfacecolor() == style.KINDS["permuted"].color
        assert not triangles(axes)
    assert "Open marks: warned, see the table (3 of" in caption_of(figure)
    assert "triangles" not in caption_of(figure)


def test_controls_without_marks_get_one_for_a_warning(plain):
    inputs = warn(plain, EVERY, kind="shuffled", layer="fc1", last=True)
    marks = [line for line in draw("depth", inputs).axes[-3].lines if line.get_label() == "_warned"]
    assert [line.get_marker() for line in marks] == ["p"]


def test_change_epochs_and_width_mark_and_count_them_too(plain):
    where = {"kind": "test", "layer": "fc3", "last": True}
    inputs = warn(plain, RADIUS, 9000, **where)
    for name in ("change", "epochs", "width"):
        figure = draw(name, inputs)
        found = [mark for axes in figure.axes for mark in triangles(axes)]
        for plainly, axes in zip(draw(name, plain).axes, figure.axes, strict=True):
            assert axes.get_xlim() == plainly.get_xlim()
        assert [marker for marker, *_ in found] == ["^"], name
        assert max(axes.get_ylim()[1] for axes in figure.axes if "radius" in axes.get_ylabel()) < 9
        assert "see the table (1 of" in caption_of(figure)


def test_an_infinite_value_is_at_the_edge(plain):
    inputs = warn(plain, RADIUS, np.inf, kind="test", layer="fc3", last=True)
    axes = of_last_epoch(draw("depth", inputs))["radius"]
    assert [marker for marker, *_ in triangles(axes)] == ["^"]


def test_without_warnings_nothing_is_said_of_them(plain):
    assert "warn" not in caption_of(draw("depth", plain))


def test_axes_with_warned_values_alone_are_framed_by_them():
    axes = draw("depth", warn(tables(synthetic.cells()), EVERY, experiment="synthetic")).axes[0]
    assert not triangles(axes) and open_marks(axes)
