"""What the figures over layers and over width show, and where the paper's values stand beside."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from geomem.figures import style

from tests.figures import synthetic
from tests.figures.drawing import (
    MANY,
    band,
    caption_of,
    draw,
    labels_of,
    lines,
    names_at_ends,
    tables,
)


def test_depth_draws_best_and_last_epoch_and_two_over_m(three_seeds):
    figure = draw("depth", three_seeds, per_class=50, noise=0.5)
    grid = np.reshape(figure.axes, (2, 3))
    whole = three_seeds["geometry"].query("noise == 0.5 and manifold.isna()")
    for axes_row, flag in zip(grid, ("best", "last"), strict=True):
        assert f"{flag} epoch" in axes_row[0].get_title("left")
        for axes, metric in zip(axes_row, ("capacity", "radius", "dimension"), strict=True):
            rows = whole[whole[flag] & (whole["metric"] == metric) & (whole["kind"] == "permuted")]
            mean = rows.groupby("layer_index")["value"].mean()
            np.testing.assert_allclose(lines(axes)["permuted"].get_ydata(), mean)
            assert axes.get_ylabel().startswith(metric) and "(" in axes.get_ylabel()
        line = lines(axes_row[0])["2/M (M = 50 points)"]
        assert set(line.get_ydata()) == {0.04}
    assert [tick.get_text() for tick in grid[1, 0].get_xticklabels()] == synthetic.SMALL
    low, high = grid[0, 0].get_ylim()
    assert low < 0.04 < high
    assert [text.get_text() for text in grid[0, 0].texts] == ["2/M (M = 50 points)"]


def test_curves_are_named_at_their_ends(three_seeds):
    figure = draw("depth", three_seeds, noise=0.5)
    looks = {kind: style.KINDS[kind] for kind in synthetic.KINDS} | style.CONTROLS
    for axes in np.reshape(figure.axes, (2, 3))[:, -1]:
        named = names_at_ends(axes)
        assert set(named) == {look.label for look in looks.values()}
        for label, value in named.items():
            assert value == pytest.approx(lines(axes)[label].get_ydata()[-1])
        assert list(named.values()) == sorted(named.values(), reverse=True)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[-1].texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_depth_draws_the_controls_as_grey_lines_of_their_own(three_seeds):
    figure = draw("depth", three_seeds, noise=0.5)
    shuffled, gaussian = (lines(figure.axes[0])[look.label] for look in style.CONTROLS.values())
    rows = three_seeds["geometry"].query(
        "noise == 0.5 and manifold.isna() and best and metric == 'capacity' and kind == 'shuffled'"
    )
    np.testing.assert_allclose(
        shuffled.get_ydata(), rows.groupby("layer_index")["value"].mean().to_numpy()
    )
    greys = [matplotlib.colors.to_rgb(line.get_color()) for line in (shuffled, gaussian)]
    assert all(len(set(grey)) == 1 for grey in greys)
    assert shuffled.get_linestyle() == gaussian.get_linestyle() == "--"  # dashes of their own
    assert shuffled._dash_pattern != gaussian._dash_pattern


def test_depth_without_controls_names_none(three_seeds):
    table = three_seeds["geometry"]
    table = table[table["kind"].isin(list(style.KINDS))]
    figure = draw("depth", {**three_seeds, "geometry": table}, noise=0.5)
    assert set(names_at_ends(figure.axes[2])) == set(synthetic.KINDS)


@pytest.fixture(scope="module")
def as_in_the_paper():
    """Inputs with as many manifolds and as much label noise as the paper's."""
    runs, layers = synthetic.cells(), ["input", "conv1", "fc1", "fc2"]
    geometry = synthetic.geometry_table(runs, layers, (None, synthetic.LAST), manifolds=100)
    return {"geometry": geometry, "accuracy": synthetic.accuracy_table(runs, (0, 14, 60))}


def traced(axes):
    return [line for line in axes.lines if line.get_label() == "traced from the paper"]


def test_depth_draws_the_traced_values_by_relative_depth(as_in_the_paper):
    figure = draw("depth", as_in_the_paper, per_class=50)
    best, last = figure.axes[0], figure.axes[3]
    test = next(line for line in traced(best) if line.get_marker() == "o")
    assert len(test.get_xdata()) == 20
    assert test.get_xdata()[[0, -1]].tolist() == [0, 3]
    assert test.get_ydata()[[0, -1]].tolist() == [0.041, 0.065]
    permuted = next(line for line in traced(last) if line.get_marker() == "^")
    assert permuted.get_ydata()[-1] == 0.099
    assert permuted.get_ydata()[-2] == pytest.approx(0.0375 + 0.032)
    assert "no absolute targets" in caption_of(figure)


@pytest.mark.parametrize(
    ("spec", "n_classes", "noise"),
    [
        ({"per_class": 25}, 100, 0.5),
        ({}, 100, 0.5),
        ({"per_class": 50}, 49, 0.5),
        ({"per_class": 50}, 100, 0.2),
        ({"per_class": 50, "kappa": 0.1}, 100, 0.5),
        ({"per_class": 50, "remove_low_rank": False}, 100, 0.5),
    ],
)
def test_traced_values_of_other_quantities_are_not_drawn(as_in_the_paper, spec, n_classes, noise):
    table = as_in_the_paper["geometry"]
    table = table[table["manifold"].isna() | (table["manifold"] < n_classes)].assign(noise=noise)
    for name in ("depth", "change"):
        figure = draw(name, {**as_in_the_paper, "geometry": table}, **spec)
        assert not any(traced(axes) for axes in figure.axes)
        assert "paper" not in caption_of(figure)


def test_traced_values_are_not_drawn_for_seeds_that_have_all_classes_only_together():
    runs, layers = synthetic.cells(n_seeds=5), ["input", "fc"]
    table = synthetic.geometry_table(runs, layers, (None, synthetic.LAST), manifolds=100)
    kept = table["manifold"].isna() | ((table["manifold"] - 20 * table["seed"]) % 100 < 70)
    few = table[kept.astype(bool)]
    assert few["manifold"].nunique() == 100
    accuracy = synthetic.accuracy_table(runs, (0, 60))
    for geometry, comparable in ((few, False), (table, True)):
        axes = draw("depth", {"geometry": geometry, "accuracy": accuracy}, per_class=50).axes
        assert any(map(traced, axes)) == comparable


def test_change_is_last_minus_best_of_each_seed(three_seeds):
    figure = draw("change", three_seeds, noise=0.5)
    rows = three_seeds["geometry"].query(
        "noise == 0.5 and manifold.isna() and metric == 'radius' and kind == 'permuted'"
    )
    key = ["seed", "layer_index"]
    change = rows[rows["last"]].set_index(key)["value"] - rows[rows["best"]].set_index(key)["value"]
    by_layer = change.groupby("layer_index")
    np.testing.assert_allclose(lines(figure.axes[1])["permuted"].get_ydata(), by_layer.mean())
    half = 4.302653 * by_layer.std() / np.sqrt(3)
    drawn = band(figure.axes[1], 3)  # two controls and the unpermuted ones come before
    np.testing.assert_allclose(
        [(hi - lo) / 2 for lo, hi in drawn.values()], half.to_numpy(), rtol=1e-5
    )
    assert figure.axes[0].get_title("left") == (
        "width 8, label noise 0.5: last epoch (60) minus best epoch (14–18)"
    )


def test_change_draws_the_traced_differences(as_in_the_paper):
    figure = draw("change", as_in_the_paper, per_class=50)
    capacity, radius, _ = figure.axes
    by_marker = {line.get_marker(): line for line in traced(capacity)}
    assert by_marker["^"].get_ydata()[-3:].tolist() == [0.019, 0.032, 0.061]
    fall = {line.get_marker(): line.get_ydata().tolist() for line in traced(radius)}["^"]
    assert fall == [pytest.approx(0.98 - 1.58)]


def test_depth_shows_an_epoch_that_is_best_and_last_once(as_in_the_paper):
    inputs, table = as_in_the_paper, as_in_the_paper["geometry"]
    figure = draw(
        "depth", {**inputs, "geometry": table[table["best"]].assign(last=True)}, per_class=50
    )
    assert [axes.get_title("left") for axes in figure.axes] == [
        "width 8, label noise 0.5: best = last epoch (14)", "", ""
    ]  # fmt: skip
    assert not traced(figure.axes[0])


def test_depth_names_seeds_that_diverged(three_seeds):
    figure = draw("depth", synthetic.diverge(three_seeds, 2, 40), noise=0.5)
    titles = [axes.get_title("left") for axes in figure.axes[::3]]
    assert titles == [
        "width 8, label noise 0.5: best epoch (14–16)",
        "width 8, label noise 0.5: last epoch (60); seed 2 diverged in epoch 31",
    ]
    assert "Mean over 2 seeds" in caption_of(figure)


def test_depth_shows_both_epochs_over_the_same_seeds(three_seeds):
    inputs = synthetic.diverge(three_seeds, 2, 40)
    geometry = inputs["geometry"]
    rest = geometry[geometry["seed"] != 2]
    both = [draw("depth", {**inputs, "geometry": table}, noise=0.5) for table in (geometry, rest)]
    for axes, same in zip(*(figure.axes for figure in both), strict=True):
        assert lines(axes).keys() == lines(same).keys()
        for name, line in lines(axes).items():
            np.testing.assert_array_equal(line.get_ydata(), lines(same)[name].get_ydata())


def test_depth_of_a_condition_whose_seeds_all_diverged(three_seeds):
    inputs = {name: table[table["noise"] == 0.5] for name, table in three_seeds.items()}
    for seed in range(3):
        inputs = synthetic.diverge(inputs, seed, 40)
    figure = draw("depth", inputs)
    title = figure.axes[0].get_title("left").replace("\n", " ")
    assert title == (
        "width 8, label noise 0.5: best epoch (14–18); no last epoch, "
        "seeds 0, 1, 2 diverged in epochs 31, 31, 31"
    )
    assert "No measurements." in draw("change", inputs).get_supxlabel()


def test_depth_takes_an_epoch_number():
    inputs = tables(synthetic.cells(), epochs=(0, None))
    figure = draw("depth", inputs, epochs=[0])
    assert figure.axes[0].get_title("left").endswith("epoch 0")


def test_width_draws_test_manifolds_of_the_final_layer():
    runs = synthetic.cells(MANY, (0.1,), 2)
    inputs = tables(runs, synthetic.SMALL[-2:], epochs=(None, synthetic.LAST))
    figure = draw("width", inputs)
    accuracy, _, _, _, radius, dimension = figure.axes
    assert accuracy.get_ylabel() == "test accuracy (%)"
    assert accuracy.get_xscale() == "log"
    assert dimension.get_xlabel() == "parameters"
    rows = inputs["geometry"].query(
        "manifold.isna() and layer == 'fc3' and kind == 'test' and metric == 'dimension' and best"
    )
    line = lines(dimension)["best epoch"]
    np.testing.assert_allclose(line.get_ydata(), rows.groupby("width")["value"].mean())
    np.testing.assert_array_equal(line.get_xdata(), [1000 * width**2 for width in MANY])
    assert len(radius.containers) == 2  # error bars of both epochs


def test_wide_intervals_do_not_flatten_the_curves():
    table = synthetic.geometry_table(synthetic.cells(n_seeds=2), epochs=(None, synthetic.LAST))
    table.loc[(table["layer"] == "input") & (table["seed"] == 1), "value"] *= 1.2
    figure = draw("depth", {"geometry": table, "accuracy": synthetic.accuracy_table([])})
    radii = figure.axes[1], figure.axes[4]
    drawn = np.concatenate([line.get_ydata() for axes in radii for line in axes.lines])
    low, high = radii[0].get_ylim()
    assert high - low < 2.3 * np.ptp(drawn)
    assert "cut off" in caption_of(figure)


def test_simulation_draws_both_capacities_and_bounds(three_seeds):
    figure = draw("simulation", three_seeds, noise=0.5, epochs=["last"])
    assert [axes.get_title("left").split("\n")[-1] for axes in figure.axes] == [
        *synthetic.KINDS, "shuffled (×) and Gaussian (+)", "all layers"
    ]  # fmt: skip
    rows = three_seeds["simulation"].query("noise == 0.5 and last and kind == 'permuted'")
    permuted = figure.axes[1]
    by_metric = rows.groupby(["metric", "layer_index"])["value"].mean()
    np.testing.assert_allclose(lines(permuted)["theory"].get_ydata(), by_metric["theory"])
    simulated = by_metric["simulated"].dropna()  # that of the input is not reached
    np.testing.assert_allclose(lines(permuted)["simulated"].get_ydata(), simulated)
    assert lines(permuted)["simulated"].get_xdata()[0] == 1
    arrow = next(line for line in permuted.lines if "arrow" in str(line.get_marker()))
    assert (arrow.get_xdata()[0], arrow.get_ydata()[0]) == (0, 0.06)
    assert "Upper bounds (arrows, 18 in all)" in caption_of(figure)
    assert "simulated, upper bound" in labels_of(figure)
    points = np.concatenate([bars.lines[0].get_xydata() for bars in figure.axes[5].containers])
    assert len(points) == 6 * (len(synthetic.SMALL) - 1)
    assert [by_metric["theory"].iloc[-1], simulated.iloc[-1]] in points.tolist()


def test_a_far_bound_is_at_the_edge_and_does_not_widen_the_axes(three_seeds):
    near = draw("simulation", three_seeds, noise=0.5, epochs=["last"])
    table = three_seeds["simulation"].copy()
    table.loc[table["hi"] == 0.06, "hi"] = 50.0
    far = draw("simulation", {**three_seeds, "simulation": table}, noise=0.5, epochs=["last"])
    assert far.axes[1].get_ylim() == near.axes[1].get_ylim()
    arrow = next(line for line in far.axes[1].lines if "arrow" in str(line.get_marker()))
    assert arrow.get_ydata()[0] == far.axes[1].get_ylim()[1]
    assert "at the edge: beyond it" in caption_of(far)
    assert "beyond it" not in caption_of(near)


def test_simulation_without_bounds_says_nothing_of_them(three_seeds):
    table = three_seeds["simulation"]
    figure = draw("simulation", {**three_seeds, "simulation": table[table["layer"] != "input"]})
    assert "Upper bounds" not in caption_of(figure)
    assert "simulated, upper bound" not in labels_of(figure)


def test_localization_is_the_change_from_the_final_network(three_seeds):
    figure = draw("localization", three_seeds, noise=0.5)
    single, suffix, _, of_test, *shares = figure.axes
    assert single.get_title("left").endswith("to best epoch (14–18);\nbatch norm: with-layer")
    rows = three_seeds["rewind"].query("noise == 0.5 and kind == 'permuted'")
    final = rows[rows["scheme"] == "none"].set_index("seed")["value"]
    for axes, scheme in ((single, "single"), (suffix, "suffix")):
        back = rows[(rows["scheme"] == scheme) & rows["best"]]
        change = back["value"] - back["seed"].map(final)
        mean = 100 * change.groupby(back["layer_index"]).mean()
        np.testing.assert_allclose(lines(axes)["permuted"].get_ydata(), mean.to_numpy(float))
    assert single.get_ylabel() == "change of accuracy,\ntraining images (points)"
    assert set(lines(of_test)) & set(style.KINDS) == {"test"}
    assert len(shares) == 4 and "%" in shares[0].get_ylabel()


def test_localization_shares_are_of_the_squared_norm(three_seeds):
    figure = draw("localization", three_seeds, noise=0.5)
    norms = three_seeds["gradients"].query(
        "noise == 0.5 and epoch == 0 and kind == 'permuted' and part == 'total'"
    )
    squares = norms.pivot(index="seed", columns="layer_index", values="value") ** 2
    shares = 100 * squares.div(squares.sum(axis=1), axis=0).mean()
    first = figure.axes[4]
    assert first.get_title("left").endswith("epoch 0")
    np.testing.assert_allclose(lines(first)["permuted"].get_ydata(), shares)


def test_localization_shows_one_policy_and_says_which_epoch():
    runs = synthetic.cells()
    inputs = tables(runs)
    rewind = synthetic.rewind_table(runs, epochs=(2, 6), batch_norms=("keep", "with-layer"))
    rewind.loc[(rewind["batch_norm"] != "keep") & (rewind["scheme"] != "none"), "value"] = 0
    figure = draw("localization", {**inputs, "rewind": rewind})
    title = figure.axes[0].get_title("left")
    assert title.split(": ", 1)[1] == "to epoch 6;\nbatch norm: with-layer"
    np.testing.assert_allclose(lines(figure.axes[2])["test"].get_ydata(), -30)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert not any("keep" in title for title in titles)


def test_width_draws_the_traced_values_where_they_can_be_compared():
    runs = synthetic.cells((4, 16), (0.1, 0.5))
    geometry = synthetic.geometry_table(runs, ["fc"], (None, synthetic.LAST), manifolds=100)
    inputs = {"geometry": geometry, "accuracy": synthetic.accuracy_table(runs, (0, 14, 60))}
    traced = "last epoch, traced from the paper"

    def shown(**spec):
        axes = draw("width", inputs, **spec).axes
        return [[traced in lines(a) for a in axes[i : i + 6]] for i in (0, 6)]

    own = {"network": "resnet18", "data": "cifar100"}
    none = [False] * 6
    assert shown(per_class=50) == [[False, False, False, False, True, True], none]
    assert shown(per_class=50, **own) == [[True, False, False, False, True, True], none]
    assert shown(per_class=25, **own) == [[True, *none[1:]], none]
    assert shown(per_class=25) == [none, none]
    figure = draw("width", inputs, per_class=50)
    dimension = lines(figure.axes[5])[traced]
    assert dimension.get_ydata()[[0, -1]].tolist() == [28.5, 20.9]
    low, high = figure.axes[5].get_xlim()
    assert low < dimension.get_xdata()[0] and dimension.get_xdata()[-1] < high


def test_width_is_of_the_same_seeds_at_both_epochs():
    runs = synthetic.cells((4, 8), (0.1,), 3)
    inputs = tables(runs, ["fc"], (None, synthetic.LAST))
    for table in inputs.values():  # it diverged at once, which would pull the mean down
        table.loc[(table["seed"] == 1) & table["best"], "value"] = 0
    gone = {name: inputs[name] for name in ("accuracy", "geometry")}
    gone = synthetic.diverge(gone, 1, 40)
    figure = draw("width", gone)
    for name, axes in (("accuracy", figure.axes[0]), ("geometry", figure.axes[5])):
        rows = gone[name].query("seed != 1 and kind == 'test' and best")
        rows = rows[rows["metric"] == ("accuracy" if name == "accuracy" else "dimension")]
        rows = rows[rows["manifold"].isna()] if name == "geometry" else rows
        mean = rows.groupby("width")["value"].mean() * (100 if name == "accuracy" else 1)
        np.testing.assert_allclose(lines(axes)["best epoch"].get_ydata(), mean)
    assert "Mean over 2 seeds" in caption_of(figure)


def test_width_leaves_a_gap_where_every_seed_diverged():
    runs = synthetic.cells((4, 8, 16), (0.1,), 2)
    inputs = tables(runs, ["fc"], (None, synthetic.LAST))
    gone = {}
    for name in ("accuracy", "geometry"):
        table = inputs[name]
        rest, of_width = table[table["width"] != 8], table[table["width"] == 8]
        lost = synthetic.diverge(synthetic.diverge({name: of_width}, 0, 40), 1, 40)[name]
        gone[name] = pd.concat([rest, lost])
    figure = draw("width", gone)
    for axes in figure.axes[:6]:
        for moment in ("best epoch", "last epoch"):  # the best of the few there are is none
            assert np.isnan(lines(axes)[moment].get_ydata()).tolist() == [False, True, False]
        assert lines(axes)["no last epoch"].get_xdata() == [64000]
    assert "width 8, label noise 0.1: seeds 0, 1 diverged in epochs 31, 31" in caption_of(figure)
