"""What the figures show: the tables' values, intervals and labels, odd tables included."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from geomem.errors import InputError
from geomem.figures import catalogue, style
from geomem.tables import collect

from tests.figures import synthetic

LONG = [f"features.denseblock{b}.denselayer{i}.conv1" for b in (1, 2) for i in range(1, 11)]
MANY = (4, 7, 10, 14, 16, 24, 32, 48, 64)


def tables(runs, layers=synthetic.SMALL, epochs=(0, 2, None, synthetic.LAST)):
    return {
        "accuracy": synthetic.accuracy_table(runs, (0, 2, 6, 14, 16, 18, 30, 45, synthetic.LAST)),
        "geometry": synthetic.geometry_table(runs, layers, epochs),
        "rewind": synthetic.rewind_table(runs, layers, [e for e in epochs if e != synthetic.LAST]),
        "gradients": synthetic.gradients_table(runs, layers, epochs),
        "simulation": synthetic.simulation_table(runs, layers, epochs=epochs),
    }


def draw(name, inputs, **spec):
    return catalogue.draw(name, {key: inputs[key] for key in catalogue.FIGURES[name].inputs}, spec)


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def band(axes, index):
    """Lowest and highest edge of a shaded interval, by x."""
    points = axes.collections[index].get_paths()[0].vertices
    return {x: (points[points[:, 0] == x, 1].min(), points[points[:, 0] == x, 1].max())
            for x in np.unique(points[:, 0])}  # fmt: skip


@pytest.fixture(scope="module")
def three_seeds():
    return tables(synthetic.cells(noises=(0.0, 0.5), n_seeds=3))


def caption_of(figure):
    return figure.get_supxlabel().replace("\n", " ")


def labels_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_accuracy_draws_means_over_seeds_with_intervals(three_seeds):
    figure = draw("accuracy", three_seeds)
    clean, noisy = figure.axes
    assert noisy.get_title("left") == "width 8, label noise 0.5"
    assert figure.axes[0].get_ylabel() == "accuracy (%)"
    assert noisy.get_xlabel() == "epoch"
    table = three_seeds["accuracy"].query("metric == 'accuracy' and noise == 0.5")
    for i, kind in enumerate(style.KINDS):
        of_kind = table[table["kind"] == kind].groupby("epoch")["value"]
        line = lines(noisy)[kind]
        np.testing.assert_array_equal(line.get_xdata(), of_kind.mean().index)
        np.testing.assert_allclose(line.get_ydata(), 100 * of_kind.mean())
        assert line.get_color() == style.KINDS[kind].color
        half = 100 * 4.302653 * of_kind.std() / np.sqrt(3)
        drawn = band(noisy, i)
        np.testing.assert_allclose([(hi - lo) / 2 for lo, hi in drawn.values()], half, rtol=1e-5)
    assert set(lines(clean)) == {"unpermuted", "test", "best epoch"}
    best = {line.get_xdata()[0] for line in noisy.lines if line.get_label() == "best epoch"}
    assert best == {14, 16, 18}
    assert "Mean over 3 seeds" in figure.get_supxlabel()


def test_accuracy_marks_a_diverged_seed(three_seeds):
    table = three_seeds["accuracy"]
    table = table[(table["seed"] != 1) | (table["epoch"] <= 30)].copy()
    table.loc[table["seed"] == 1, "last"] = False
    figure = draw("accuracy", {"accuracy": table}, noise=0.5)
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert [line.get_xdata()[0] for line in crosses] == [30]
    assert "Missing: seed 1 diverged in epoch 31 (marked ✕)." in caption_of(figure)
    assert "2–3 seeds" in figure.get_supxlabel()


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
        line = lines(axes_row[0])["2/M, M = 50"]
        assert set(line.get_ydata()) == {0.04}
    assert [tick.get_text() for tick in grid[1, 0].get_xticklabels()] == synthetic.SMALL
    low, high = grid[0, 0].get_ylim()
    assert low < 0.04 < high
    controls = [look.label for look in style.CONTROLS.values()]
    assert set(labels_of(figure)) == {*style.KINDS, *controls, "2/M, M = 50"}


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
    assert labels_of(figure) == list(style.KINDS)


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
        "width 8, label noise 0.5: best epoch (14–18)",
        "width 8, label noise 0.5: last epoch (60); seed 2 diverged in epoch 31",
    ]
    assert "2–3 seeds" in caption_of(figure)


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


@pytest.mark.parametrize("name", [n for n in catalogue.FIGURES if n not in ("samples", "accuracy")])
def test_every_caption_names_what_diverged(name, three_seeds):
    diverged = draw(name, synthetic.diverge(three_seeds, 1, 40), noise=0.5)
    assert "Missing: seed 1 diverged in epoch 31." in caption_of(diverged)
    assert "Missing" not in caption_of(draw(name, three_seeds, noise=0.5))


def test_depth_takes_an_epoch_number():
    inputs = tables(synthetic.cells(), epochs=(0, None))
    figure = draw("depth", inputs, epochs=[0])
    assert figure.axes[0].get_title("left").endswith("epoch 0")


def test_epochs_draws_the_last_layers(three_seeds):
    figure = draw("epochs", three_seeds, noise=0.5, layers=2)
    grid = np.reshape(figure.axes, (3, 2))
    assert [axes.get_title("left") for axes in grid[0]] == ["fc2", "fc3"]
    line = lines(grid[2, 1])["test"]
    rows = three_seeds["geometry"].query(
        "noise == 0.5 and manifold.isna() and layer == 'fc3' and metric == 'dimension'"
        " and kind == 'test'"
    )
    expected = [rows[rows["epoch"] == 0], rows[rows["epoch"] == 2], rows[rows["best"]],
                rows[rows["last"]]]  # fmt: skip
    np.testing.assert_allclose(line.get_ydata(), [part["value"].mean() for part in expected])
    np.testing.assert_allclose(line.get_xdata(), [0, 2, 16, 60])
    assert grid[2, 0].get_ylabel().startswith("dimension $D_M$ (")
    assert "drawn at their mean" in caption_of(figure)


def test_epochs_with_several_conditions_shows_capacity(three_seeds):
    figure = draw("epochs", three_seeds)
    assert len(figure.axes) == 6
    assert figure.axes[3].get_title("left") == "width 8, label noise 0.5: fc1"
    assert figure.axes[3].get_ylabel().startswith("capacity")


def test_one_epoch_has_error_bars():
    table = synthetic.geometry_table(synthetic.cells(), epochs=(None,))
    figure = draw("epochs", {"geometry": table, "accuracy": synthetic.accuracy_table([])})
    bars = figure.axes[0].containers[0].lines[2][0].get_segments()[0]
    rows = table.query("manifold.isna() and layer == 'fc1' and metric == 'capacity'")
    own = rows[rows["kind"] == "unpermuted"][["lo", "hi"]].to_numpy()[0]
    np.testing.assert_allclose(bars[:, 1], own)
    assert figure.axes[-1].get_xticks().tolist() == [14]
    assert "own interval" in figure.get_supxlabel()


def test_rewind_draws_suffixes_up_to_none_and_references(three_seeds):
    figure = draw("rewind", three_seeds, noise=0.5)
    test, single, permuted, below = figure.axes
    names = [tick.get_text() for tick in permuted.get_xticklabels()]
    assert names[0] == "conv1_1" and names[-1] == "none"
    assert [tick.get_text() for tick in below.get_xticklabels()][-1] == "fc3"
    assert test.get_ylabel() == "test accuracy (%)"
    assert permuted.get_ylabel() == "permuted accuracy (%)"
    rows = three_seeds["rewind"].query("noise == 0.5 and kind == 'test'")
    suffix = rows[(rows["scheme"] == "suffix") & (rows["epoch"] == 2)]
    mean = suffix.groupby("layer_index")["value"].mean()
    end = rows[rows["scheme"] == "none"]["value"].mean()
    np.testing.assert_allclose(lines(test)["to epoch 2"].get_ydata(), 100 * np.append(mean, end))
    best = rows[(rows["scheme"] == "single") & rows["best"]].groupby("layer_index")["value"].mean()
    np.testing.assert_allclose(lines(single)["to the best epoch"].get_ydata(), 100 * best)
    accuracy = three_seeds["accuracy"].query("noise == 0.5 and metric == 'accuracy'")
    last = accuracy[accuracy["last"] & (accuracy["kind"] == "permuted")]["value"].mean()
    assert lines(permuted)["whole network, last epoch"].get_ydata()[0] == pytest.approx(100 * last)
    assert labels_of(figure)[0] == "to epoch 0"


def test_rewind_without_noise_has_no_permuted_row(three_seeds):
    figure = draw("rewind", three_seeds, noise=0)
    assert [axes.get_ylabel() for axes in figure.axes] == ["test accuracy (%)", ""]


def test_rewind_keeps_batch_norm_treatments_apart():
    runs = synthetic.cells(n_seeds=2)
    rewind = synthetic.rewind_table(runs, batch_norms=("keep", "recalibrate"))
    rewind.loc[rewind["batch_norm"] == "keep", ["value", "lo", "hi"]] = 0.5
    accuracy = synthetic.accuracy_table(runs, (0, 14, 16, 60))
    figure = draw("rewind", {"rewind": rewind, "accuracy": accuracy}, kinds=["test"])
    keep, _, recalibrate, _ = figure.axes
    assert keep.get_title("left").endswith("keep")
    assert set(lines(keep)["to epoch 2"].get_ydata()) == {50}
    assert recalibrate.get_title("left").endswith("recalibrate")
    assert 50 not in set(lines(recalibrate)["to epoch 2"].get_ydata()[:-1])


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


def test_gradients_draws_both_parts_and_the_noise_floor(three_seeds):
    figure = draw("gradients", three_seeds, noise=0.5)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title("left") for axes in shown][:2] == ["conv1_1", "conv1_2"]
    assert len(shown) == 9
    rows = three_seeds["gradients"].query(
        "noise == 0.5 and layer == 'conv1_1' and kind == 'permuted' and epoch == 2"
    )
    for label, part, metric in [
        ("permuted, label-dependent", "label", "norm"),
        ("permuted, label-independent", "independent", "norm"),
        ("permuted, noise floor", "label", "noise_floor"),
    ]:
        line = lines(shown[0])[label]
        value = rows[(rows["part"] == part) & (rows["metric"] == metric)]["value"].mean()
        assert line.get_ydata()[list(line.get_xdata()).index(2)] == pytest.approx(value)
    assert shown[0].get_yscale() == "log"
    assert figure.get_supylabel() == "gradient norm (nats / unit weight)"
    assert shown[-1].get_xlabel() == "epoch"


def test_samples_show_assigned_and_true_label():
    images, labels = synthetic.image_set(), synthetic.label_table()
    figure = draw("samples", {"images": images, "labels": labels}, count=8)
    assert len(figure.axes) == 16
    kept, permuted = figure.axes[:8], figure.axes[8:]
    assert all("(" not in axes.get_title() for axes in kept)
    by_title = [axes.get_title().split("\n") for axes in permuted]
    for axes, (assigned, true) in zip(permuted, by_title, strict=True):
        shown = np.moveaxis(np.asarray(axes.images[0].get_array()), -1, 0)
        index = next(i for i, image in enumerate(images["train_images"]) if (image == shown).all())
        row = labels.iloc[index]
        assert (assigned, true) == (f"class {row.assigned_label}", f"(class {row.true_label})")


def test_samples_of_clean_grey_images():
    images = synthetic.image_set(channels=1)
    figure = draw("samples", {"images": images, "labels": synthetic.label_table(noise=0)}, count=3)
    assert [axes.get_title() != "" for axes in figure.axes] == [True] * 3 + [False] * 5
    assert "0 % of 400" in figure.get_supxlabel()


def test_samples_refuse_labels_of_other_images():
    inputs = {"images": synthetic.image_set(n=100), "labels": synthetic.label_table(n=400)}
    with pytest.raises(InputError, match="index 399 is beyond the 100 training images"):
        draw("samples", inputs)


@pytest.mark.parametrize("name", [n for n in catalogue.FIGURES if n not in ("samples", "change")])
def test_long_names_one_epoch_no_noise_can_be_drawn(name, tmp_path):
    inputs = tables(synthetic.cells(noises=(0.0,)), LONG, epochs=(None,))
    figure = draw(name, inputs)
    style.save(figure, None, tmp_path / "figure.svg", {})
    assert any(axes.get_visible() and axes.has_data() for axes in figure.axes)


@pytest.mark.parametrize("name", [n for n in catalogue.FIGURES if n != "samples"])
def test_tables_without_rows_say_so(name):
    inputs = {table: collect(table, "none", []) for table in catalogue.TABLES}
    figure = draw(name, inputs)
    assert "No measurements." in figure.get_supxlabel()
    assert not any(axes.get_visible() for axes in figure.axes)


def test_missing_values_leave_gaps(three_seeds):
    table = three_seeds["accuracy"].copy()
    table.loc[table["epoch"] == 30, ["value", "lo", "hi"]] = np.nan
    figure = draw("accuracy", {"accuracy": table}, noise=0.5)
    assert 30 not in lines(figure.axes[0])["test"].get_xdata()
    assert 45 in lines(figure.axes[0])["test"].get_xdata()


def test_wide_intervals_do_not_flatten_the_curves():
    table = synthetic.geometry_table(synthetic.cells(n_seeds=2), epochs=(None, synthetic.LAST))
    table.loc[(table["layer"] == "input") & (table["seed"] == 1), "value"] *= 1.2
    figure = draw("depth", {"geometry": table, "accuracy": synthetic.accuracy_table([])})
    radii = figure.axes[1], figure.axes[4]
    drawn = np.concatenate([line.get_ydata() for axes in radii for line in axes.lines])
    low, high = radii[0].get_ylim()
    assert high - low < 2.3 * np.ptp(drawn)
    assert "cut off" in caption_of(figure)


def test_unknown_settings_are_named(three_seeds):
    with pytest.raises(InputError, match="'depth' knows no 'per_clas'; it takes width, noise, per"):
        draw("depth", three_seeds, per_clas=50)
    with pytest.raises(InputError, match=r"noise: the table has no 0\.3; choose among 0, 0\.5"):
        draw("depth", three_seeds, noise=0.3)


def test_caller_settings_do_not_show(three_seeds):
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9}):
        figure = draw("accuracy", three_seeds)
        assert lines(figure.axes[0])["test"].get_linewidth() == style.RC["lines.linewidth"]
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("conv1_1", "conv1_1"),
        ("features.denseblock1.denselayer12.conv2", "f.d1.d12.conv2"),
        ("a_very_long_single_name_of_a_layer", "a_very_lo…_a_layer"),
    ],
)
def test_layer_labels_stay_apart_and_short(name, label):
    assert style.layer_label(name) == label


def test_simulation_draws_both_capacities_and_bounds(three_seeds):
    figure = draw("simulation", three_seeds, noise=0.5, epochs=["last"])
    assert [axes.get_title("left").split("\n")[-1] for axes in figure.axes] == [
        *style.KINDS, "shuffled (×) and Gaussian (+)", "all layers"
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


def test_localization_keeps_policies_apart_and_says_which_epoch():
    runs = synthetic.cells()
    inputs = tables(runs)
    rewind = synthetic.rewind_table(runs, epochs=(2, 6), batch_norms=("keep", "with-layer"))
    rewind.loc[(rewind["batch_norm"] == "keep") & (rewind["scheme"] != "none"), "value"] = 0
    figure = draw("localization", {**inputs, "rewind": rewind})
    titles = [axes.get_title("left") for axes in figure.axes[:8:4]]
    assert [title.split(": ", 1)[1] for title in titles] == [
        "to epoch 6;\nbatch norm: with-layer", "to epoch 6;\nbatch norm: keep"
    ]  # fmt: skip
    np.testing.assert_allclose(lines(figure.axes[6])["test"].get_ydata(), -30)


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
        assert np.isnan(lines(axes)["last epoch"].get_ydata()).tolist() == [False, True, False]
        assert np.isfinite(lines(axes)["best epoch"].get_ydata()).all()
        assert lines(axes)["no last epoch"].get_xdata() == [64000]
    assert "width 8, label noise 0.1: seeds 0, 1 diverged in epochs 31, 31" in caption_of(figure)


@pytest.mark.parametrize("n", [1, 24, 25, 120])
def test_many_layers_have_fewer_ticks_the_last_one_among_them(n):
    axes = matplotlib.figure.Figure().subplots()
    style.layer_axis(axes, [f"layer{i}" for i in range(n)])
    shown = [tick.get_text() for tick in axes.get_xticklabels()]
    assert shown[-1] == f"layer{n - 1}"
    assert len(shown) <= 24
    assert len(shown) == n or len(shown) >= 12
