"""Values with a warning: marked, without a say in the range of the axes, and listed below."""

import numpy as np
import pandas as pd
import pytest
from geomem.figures import seeds, style
from geomem.warning import MeasurementWarning, column, pack, unpack

from tests.figures import synthetic
from tests.figures.drawing import caption_of, draw, labels_of, lines, tables

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
    """Markers, places and values of what is beyond the axes."""
    marks = [line for line in axes.lines if line.get_label() == "_beyond"]
    return [
        (line.get_marker(), line.get_xdata()[0], text.get_text())
        for line, text in zip(marks, axes.texts, strict=True)
    ]


def test_means_and_differences_have_the_warnings_of_all_their_values():
    base = pd.DataFrame(
        {"layer": "fc", "width": 8, "noise": 0.5, "seed": [0, 1], "value": [1.0, 2.0],
         "lo": 0.9, "hi": 2.1, "warnings": ["", pack([RADIUS])]}
    )  # fmt: skip
    assert seeds.over_seeds(base, ["layer"])["warnings"].tolist() == [pack([RADIUS])]
    earlier = base.assign(warnings=[pack([EVERY]), pack([EVERY, RADIUS])])
    both = seeds.difference(base, earlier, ["layer"])["warnings"]
    assert list(map(unpack, both)) == [(EVERY,), (RADIUS, EVERY)]


def test_a_value_that_is_not_defined_leaves_a_gap_with_its_warning():
    rows = pd.DataFrame({"x": [0, 1], "seed": 0, "value": [1.0, np.nan], "lo": 1.0, "hi": 1.0})
    means = seeds.over_seeds(rows.assign(warnings=["", pack([EVERY])]), ["x"])
    assert np.isnan(means["value"][1]) and means["warnings"][1] == pack([EVERY])
    assert "One seed" in seeds.interval_note([means])
    assert len(seeds.over_seeds(rows, ["x"])) == 1


def test_depth_shows_a_far_value_at_the_edge_without_widening_the_axes(plain):
    where = {"kind": "test", "layer": "fc1", "last": True, "seed": 1}
    inputs = warn(plain, RADIUS, 9000, **where)
    figure = draw("depth", inputs, noise=0.5)
    before, after = of_last_epoch(draw("depth", plain, noise=0.5)), of_last_epoch(figure)
    assert after["radius"].get_ylim()[1] < 1.3 * before["radius"].get_ylim()[1]
    assert after["capacity"].get_ylim() == pytest.approx(before["capacity"].get_ylim())
    place = synthetic.SMALL.index("fc1")
    rows = inputs["geometry"].query("manifold.isna() and metric == 'radius' and kind == 'test'")
    mean = rows.query("layer == 'fc1' and last")["value"].mean()
    assert triangles(after["radius"]) == [("^", place, f"{mean:.0f}")]
    assert not open_marks(after["radius"])
    drawn = lines(after["radius"])["test"].get_ydata()
    assert np.isnan(drawn[place]) and np.isfinite(np.delete(drawn, place)).all()
    assert not triangles(after["capacity"]) and not open_marks(after["capacity"])
    assert "warned, beyond" in labels_of(figure) and "warned" not in labels_of(figure)
    total = 2 * len(synthetic.SMALL) * 6
    caption = caption_of(figure)
    assert f"radius (1 of {total} values, in fc1): “{RADIUS.text}”" in caption
    assert f"Beyond the axes, with their intervals: test fc1 {mean:.0f} (" in caption


def test_depth_opens_the_marks_of_values_within_the_axes(plain):
    where = {"kind": "permuted", "layer": "fc1", "last": True, "seed": 0}
    figure = draw("depth", warn(plain, EVERY, **where), noise=0.5)
    place = synthetic.SMALL.index("fc1")
    for axes in of_last_epoch(figure).values():
        line = lines(axes)["permuted"]
        assert open_marks(axes) == [(place, line.get_ydata()[place])]
        assert line.get_markerfacecolor() == style.KINDS["permuted"].color
        assert not triangles(axes)
    assert "warned" in labels_of(figure)
    assert "capacity, radius, dimension (3 of" in caption_of(figure)


def test_controls_without_marks_get_one_for_a_warning(plain):
    inputs = warn(plain, EVERY, kind="shuffled", layer="fc1", last=True)
    marks = [line for line in draw("depth", inputs).axes[-3].lines if line.get_label() == "_warned"]
    assert [line.get_marker() for line in marks] == ["p"]


def test_messages_that_differ_in_numbers_are_listed_once(plain):
    inputs = warn(plain, EVERY, kind="test", layer="fc1", last=True)
    other = EVERY._replace(text=EVERY.text.replace("0.02", "0.03"))
    inputs = warn(inputs, other, kind="test", layer="fc3", last=True)
    caption = caption_of(draw("depth", inputs))
    assert caption.count("standard error") == 1
    assert f"in fc1, fc3): “{EVERY.text}” and the same with other numbers" in caption


def test_texts_at_an_edge_do_not_overlap(plain):
    for kind in ("test", "permuted", "restored"):
        for layer in ("fc1", "fc2", "fc3"):
            where = {"kind": kind, "layer": layer, "last": True}
            plain = warn(plain, RADIUS, 12345, **where)
    figure = draw("depth", plain)
    figure.draw_without_rendering()
    axes = of_last_epoch(figure)["radius"]
    assert len(axes.texts) == 9
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    values = np.concatenate([line.get_ydata() for line in axes.lines[:6]])
    heights = [line.get_ydata()[0] for line in axes.lines if line.get_label() == "_beyond"]
    low, high = axes.get_ylim()
    assert np.nanmax(values) < low + min(heights) * (high - low)


def test_change_epochs_and_width_mark_and_list_them_too(plain):
    where = {"kind": "test", "layer": "fc3", "last": True}
    inputs = warn(plain, RADIUS, 9000, **where)
    for name in ("change", "epochs", "width"):
        figure = draw(name, inputs)
        found = [mark for axes in figure.axes for mark in triangles(axes)]
        for plainly, axes in zip(draw(name, plain).axes, figure.axes, strict=True):
            assert axes.get_xlim() == plainly.get_xlim()
        assert [marker for marker, *_ in found] == ["^"], name
        assert max(axes.get_ylim()[1] for axes in figure.axes if "radius" in axes.get_ylabel()) < 9
        assert "radius (1 of" in caption_of(figure) and "in fc3)" in caption_of(figure)
        assert "warned, beyond" in labels_of(figure)


def test_an_infinite_value_is_at_the_edge(plain):
    inputs = warn(plain, RADIUS, np.inf, kind="test", layer="fc3", last=True)
    assert [text for *_, text in triangles(of_last_epoch(draw("depth", inputs))["radius"])] == ["∞"]


def test_without_warnings_nothing_is_said_of_them(plain):
    figure = draw("depth", plain)
    assert "warn" not in caption_of(figure) + " ".join(labels_of(figure))


def test_axes_with_warned_values_alone_are_framed_by_them():
    axes = draw("depth", warn(tables(synthetic.cells()), EVERY, experiment="synthetic")).axes[0]
    assert not triangles(axes) and open_marks(axes)


def test_the_room_for_edge_marks_takes_in_no_values(plain):
    top = of_last_epoch(draw("depth", plain))["radius"].get_ylim()[1]
    near = warn(plain, RADIUS, 1.02 * top, kind="test", layer="fc1", last=True)
    both = warn(near, RADIUS, 9000, kind="test", layer="fc3", last=True)
    axes = of_last_epoch(draw("depth", both))["radius"]
    assert axes.get_ylim()[1] > 1.02 * top
    assert len(triangles(axes)) == 2 and not open_marks(axes)
