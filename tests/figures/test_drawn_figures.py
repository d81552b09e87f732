"""What the figures show: the tables' values, intervals and labels, odd tables included."""

import matplotlib
import numpy as np
import pytest
from geomem.collecting import collect
from geomem.errors import InputError
from geomem.figures import scales, style
from geomem.registry.tables import TABLES
from geomem.warning import MeasurementWarning, pack

from tests.figures import synthetic
from tests.figures.drawing import (
    LONG,
    OF_TABLES,
    band,
    caption_of,
    draw,
    lines,
    names_at_ends,
    tables,
)


def test_accuracy_draws_means_over_seeds_with_intervals(three_seeds):
    figure = draw("accuracy", three_seeds)
    clean, noisy = figure.axes
    assert noisy.get_title("left") == "width 8, label noise 0.5"
    assert figure.axes[0].get_ylabel() == "accuracy (%)"
    assert noisy.get_xlabel() == "epoch"
    table = three_seeds["accuracy"].query("metric == 'accuracy' and noise == 0.5")
    for i, kind in enumerate(synthetic.KINDS):
        of_kind = table[table["kind"] == kind].groupby("epoch")["value"]
        line = lines(noisy)[kind]
        np.testing.assert_array_equal(line.get_xdata(), of_kind.mean().index)
        np.testing.assert_allclose(line.get_ydata(), 100 * of_kind.mean())
        assert line.get_color() == style.KINDS[kind].color
        mean, error = of_kind.mean(), of_kind.std() / np.sqrt(3)
        drawn = np.transpose(list(band(noisy, i).values())) / 100
        for end in drawn:  # Wilson's: the error is that of the end, not of the mean
            reach = 4.302653 * error * np.sqrt(end * (1 - end))
            distance = np.abs(end - mean) * np.sqrt(mean * (1 - mean))
            np.testing.assert_allclose(distance, reach, rtol=1e-5, atol=1e-12)
        certain = error == 0
        assert ((drawn[0] < mean) | certain).all() and ((mean < drawn[1]) | certain).all()
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


@pytest.mark.parametrize("name", [n for n in OF_TABLES if n != "accuracy"])
def test_every_caption_names_what_diverged(name, three_seeds):
    diverged = draw(name, synthetic.diverge(three_seeds, 1, 40), noise=0.5)
    assert "Missing: seed 1 diverged in epoch 31." in caption_of(diverged)
    assert "Missing" not in caption_of(draw(name, three_seeds, noise=0.5))


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
    named = names_at_ends(single)
    assert set(named) == {"to epoch 0", "to epoch 2", "to the best epoch"}
    assert named["to the best epoch"] == pytest.approx(100 * best.iloc[-1])


def test_rewind_references_are_of_the_same_seeds_at_both_epochs(three_seeds):
    gone = synthetic.diverge(three_seeds, 1, 40)
    accuracy = gone["accuracy"].copy()
    accuracy.loc[(accuracy["seed"] == 1) & accuracy["best"], "value"] = 0
    drawn = lines(draw("rewind", {**gone, "accuracy": accuracy}, noise=0.5).axes[0])
    rows = accuracy.query("noise == 0.5 and metric == 'accuracy' and kind == 'test' and seed != 1")
    for moment in ("best", "last"):
        expected = 100 * rows[rows[moment]]["value"].mean()
        assert drawn[f"whole network, {moment} epoch"].get_ydata()[0] == pytest.approx(expected)


def test_epochs_leave_the_best_epoch_of_a_diverged_seed_out(three_seeds):
    gone = synthetic.diverge(three_seeds, 2, 40)
    axes = draw("epochs", gone, noise=0.5, layers=1).axes[0]
    np.testing.assert_allclose(lines(axes)["test"].get_xdata(), [0, 2, 15, 60])
    marked = {line.get_xdata()[0] for line in axes.lines if line.get_label() == "best epoch"}
    assert marked == {14, 16}


@pytest.mark.parametrize("name", ["gradients", "localization"])
def test_gradients_meet_at_the_best_epochs_of_seeds_that_did_not_diverge(name, three_seeds):
    table = three_seeds["gradients"]
    inputs = {**three_seeds, "gradients": table[~table["last"]]}  # the accuracies tell the last
    titles = [axes.get_title("left") for axes in draw(name, inputs, noise=0.5).axes]
    gone = draw(name, synthetic.diverge(inputs, 2, 40), noise=0.5)
    if name == "localization":
        assert "epoch 16" in titles and "epoch 15" in [a.get_title("left") for a in gone.axes]
    else:
        x = lines(gone.axes[0])["permuted, label-dependent"].get_xdata()
        np.testing.assert_allclose(x, [0, 2, 15])
    assert "drawn at their mean" in caption_of(gone)


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


def test_rewind_to_one_epoch_has_a_line_for_each_batch_norm_treatment():
    runs = synthetic.cells(n_seeds=2)
    rewind = synthetic.rewind_table(runs, epochs=(None,), batch_norms=("with-layer", "keep"))
    rewind.loc[rewind["batch_norm"] == "keep", ["value", "lo", "hi"]] = 0.5
    accuracy = synthetic.accuracy_table(runs, (0, 14, 16, 60))
    figure = draw("rewind", {"rewind": rewind, "accuracy": accuracy}, kinds=["test"])
    _, single = figure.axes
    assert set(names_at_ends(single)) == {"batch norm: with-layer", "batch norm: keep"}
    assert set(lines(single)["batch norm: keep"].get_ydata()) == {50}
    assert 50 not in set(lines(single)["batch norm: with-layer"].get_ydata())


def test_examples_leave_out_what_was_not_rewound_and_show_who_is_memorized_last():
    table = synthetic.examples_table(synthetic.cells())
    inputs = {"examples": table, "images": synthetic.image_set()}
    titles = [axes.get_title("left") for axes in draw("examples", inputs).axes]
    assert titles[:3] == ["first learned", "forgotten", "forgotten by rewinding from"]
    order = table[table["memorized"]].sort_values(["last_learned", "index"])
    shown = [axes.texts[0].get_text() for axes in draw("examples", inputs).axes[3:]]
    expected = [*order["last_learned"].head(8), *order["last_learned"].tail(8)]
    assert shown == [f"epoch {epoch:.0f}" for epoch in expected]
    table["suffix_layer"], table["suffix_layer_index"] = None, None
    titles = [axes.get_title("left") for axes in draw("examples", inputs).axes]
    assert "forgotten by rewinding from" not in titles


def test_examples_are_fractions_of_the_memorized_images_that_were_evaluated():
    """A third was not evaluated, and of the others every fourth is not forgotten by any suffix."""
    table = synthetic.examples_table(synthetic.cells())
    order = table["memorized"].cumsum() - 1
    asked = table["memorized"] & (order % 3 != 2)
    kept = asked & (order % 4 == 0)
    table["single_layers"] = np.where(asked, np.where(kept, "", "fc1"), None)
    table.loc[~asked | kept, ["suffix_layer", "suffix_layer_index"]] = None, np.nan
    inputs = {"examples": table, "images": synthetic.image_set()}
    figure = draw("examples", inputs)
    axes = figure.axes[2]
    heights = [bar.get_height() for bar in axes.patches]
    assert sum(heights) == pytest.approx(100 * (1 - kept.sum() / asked.sum()))
    counts = table[asked].groupby("suffix_layer_index").size()
    np.testing.assert_allclose(heights, 100 * counts / asked.sum())
    assert axes.get_ylabel() == "memorized images (%)"
    said = f"{asked.sum()} of these were evaluated with layers rewound, and {kept.sum()} of them"
    assert said in caption_of(figure)
    table["single_layers"] = None  # as if suffixes alone were rewound: what was asked is not known
    figure = draw("examples", inputs)
    assert figure.axes[2].get_ylabel() == "forgotten images (%)"
    assert sum(bar.get_height() for bar in figure.axes[2].patches) == pytest.approx(100)
    assert "are not forgotten, or were not evaluated" in caption_of(figure)


def test_epochs_at_two_epochs_names_both(three_seeds):
    """The mean best epoch of several seeds need not be whole."""
    table = three_seeds["geometry"]
    two = {**three_seeds, "geometry": table[table["best"] | table["last"]]}
    ticks = draw("epochs", two, noise=0.5).axes[-1].get_xticks()
    assert min(ticks) <= 20 and max(ticks) >= synthetic.LAST - 10


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


def test_glue_has_a_column_per_number(three_seeds):
    figure = draw("glue", three_seeds, noise=0.5, per_class=25)
    grid = np.reshape(figure.axes, (2, 4))
    labels = [axes.get_ylabel().split("$")[0].strip() for axes in grid[0]]
    assert labels == ["capacity", "radius", "dimension", "utility"]
    rows = three_seeds["glue"].query("noise == 0.5 and metric == 'utility' and kind == 'test'")
    mean = rows[rows["last"]].groupby("layer_index")["value"].mean()
    np.testing.assert_allclose(lines(grid[1, 3])["test"].get_ydata(), mean)
    assert lines(grid[0, 0])["2/M (M = 25 points)"].get_ydata()[0] == 0.08


def test_glue_shows_the_floor_of_capacity(three_seeds):
    """Also where it lies above all capacities that have no warning."""
    table = three_seeds["glue"].copy()
    floor = table["metric"] == "capacity_floor"
    last = table["layer"] == "fc3"
    table.loc[floor & last, "value"] = 0.9
    figure = draw("glue", {**three_seeds, "glue": table}, noise=0.5, per_class=25)
    panel = np.reshape(figure.axes, (2, 4))[0, 0]
    drawn = lines(panel)["capacity_floor"]
    np.testing.assert_allclose(drawn.get_ydata()[drawn.get_xdata() == 12], 0.9)
    assert panel.get_ylim()[1] > 0.9
    assert "if no draw were separable" in figure.get_supxlabel()
    assert "capacity_floor" not in lines(draw("depth", three_seeds, noise=0.5).axes[0])


def test_glue_epochs_shows_all_four_numbers(three_seeds):
    figure = draw("glue_epochs", three_seeds, noise=0.5, layers=2)
    assert len(figure.axes) == 8
    assert len(draw("glue_epochs", three_seeds, layers=2).axes) == 4, "capacity of two conditions"


def test_samples_refuse_labels_of_other_images():
    inputs = {"images": synthetic.image_set(n=100), "labels": synthetic.label_table(n=400)}
    with pytest.raises(InputError, match="index 399 is beyond the 100 training images"):
        draw("samples", inputs)


@pytest.mark.parametrize("name", [n for n in OF_TABLES if n != "change"])
def test_long_names_one_epoch_no_noise_can_be_drawn(name, tmp_path):
    inputs = tables(synthetic.cells(label_noise=(0.0,)), LONG, epochs=(None,))
    figure = draw(name, inputs)
    style.save(figure, None, tmp_path / "figure.svg", {})
    assert any(axes.get_visible() and axes.has_data() for axes in figure.axes)


@pytest.mark.parametrize("name", OF_TABLES)
def test_tables_without_rows_say_so(name):
    inputs = {name: collect(table.keys, "none", []) for name, table in TABLES.items()}
    figure = draw(name, inputs)
    assert "No measurements." in figure.get_supxlabel()
    assert not any(axes.get_visible() for axes in figure.axes)


def test_missing_values_leave_gaps(three_seeds):
    table = three_seeds["accuracy"].copy()
    table.loc[table["epoch"] == 30, ["value", "lo", "hi"]] = np.nan
    figure = draw("accuracy", {"accuracy": table}, noise=0.5)
    assert 30 not in lines(figure.axes[0])["test"].get_xdata()
    assert 45 in lines(figure.axes[0])["test"].get_xdata()


@pytest.mark.parametrize("name", OF_TABLES)
@pytest.mark.parametrize("noise", [None, 0.5])
def test_captions_have_two_lines_at_most(name, noise, three_seeds):
    inputs = dict(three_seeds)
    inputs["geometry"] = inputs["geometry"].copy()
    few = inputs["geometry"]["layer"] == "fc1"
    inputs["geometry"].loc[few, "warnings"] = pack([MeasurementWarning("few", "few points")])
    figure = draw(name, inputs, **({} if noise is None else {"noise": noise}))
    assert figure.get_supxlabel().count("\n") <= 1


def test_intervals_of_accuracies_end_at_0_and_100(three_seeds):
    rewind = three_seeds["rewind"].copy()
    high = (rewind["kind"] == "permuted") & (rewind["layer"] == "fc2")
    rewind.loc[high, "value"] = 1 - 0.1 * (rewind.loc[high, "seed"] == 1)  # 97 % plus or minus 14 %
    figure = draw("rewind", {**three_seeds, "rewind": rewind}, noise=0.5)
    ends = [
        vertex
        for axes in figure.axes
        for band in axes.collections
        for path in band.get_paths()
        for vertex in path.vertices[:, 1]
    ]
    assert min(ends) >= 0 and 99 < max(ends) <= 100


def test_a_style_file_is_laid_over_the_figures_own(three_seeds, tmp_path):
    mine = tmp_path / "mine.mplstyle"
    mine.write_text("lines.linewidth: 3  # thick\nsavefig.dpi: 50\n")
    style.lay_over(mine)
    try:
        figure = draw("accuracy", three_seeds)
        assert lines(figure.axes[0])["test"].get_linewidth() == 3
        assert figure.axes[0].yaxis.label.get_size() == style.RC["axes.labelsize"]
    finally:
        style.lay_over(None)
    figure = draw("accuracy", three_seeds)
    assert lines(figure.axes[0])["test"].get_linewidth() == style.RC["lines.linewidth"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lines.linewidth: thick", "Could not convert 'thick' to float"),
        ("lines.linewidht: 3", "matplotlib has no setting 'lines.linewidht'"),
        (None, "No such file"),
    ],
)
def test_a_style_file_that_matplotlib_does_not_take_is_named(tmp_path, text, message):
    mine = tmp_path / "mine.mplstyle"
    if text:
        mine.write_text(text)
    with pytest.raises(InputError, match=f"figure_style: .*mine.mplstyle.*{message}"):
        style.lay_over(mine)


def test_unknown_settings_are_named(three_seeds):
    with pytest.raises(
        InputError, match="depth:draw' knows no 'per_clas'; it takes width, noise, per"
    ):
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
    assert scales.layer_label(name) == label


@pytest.mark.parametrize("n", [1, 24, 25, 120])
def test_many_layers_have_fewer_ticks_the_last_one_among_them(n):
    axes = matplotlib.figure.Figure().subplots()
    scales.layer_axis(axes, [f"layer{i}" for i in range(n)])
    shown = [tick.get_text() for tick in axes.get_xticklabels()]
    assert shown[-1] == f"layer{n - 1}"
    assert len(shown) <= 24
    assert len(shown) == n or len(shown) >= 12
