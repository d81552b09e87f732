"""Means at the best epoch are of the networks that the means at the last one are of."""

import numpy as np
import pytest

from tests.figures import synthetic
from tests.figures.drawing import draw, lines

NOISY = "width 8, label noise 0.5"


@pytest.fixture(scope="module")
def noisy(three_seeds):
    return {name: table[table["noise"] == 0.5] for name, table in three_seeds.items()}


def diverged(tables, *seeds):
    for seed in seeds:
        tables = synthetic.diverge(tables, seed, 40)
    return tables


def without(tables, name, seed):
    """Tables of which one has no rows of a seed."""
    return {**tables, name: tables[name][tables[name]["seed"] != seed]}


@pytest.mark.parametrize("name", ["probes", "simulation"])
def test_the_best_epoch_is_drawn_without_diverged_networks(noisy, name):
    gone = diverged(noisy, 2)
    strange = gone[name].copy()
    strange.loc[strange["seed"] == 2, ["value", "lo", "hi"]] *= 0.01
    drawn = draw(name, {**gone, name: strange}, epochs=["best"])
    expected = draw(name, without(gone, name, 2), epochs=["best"])
    shown = [axes.get_title("left") for axes in drawn.axes]
    assert shown == [axes.get_title("left") for axes in expected.axes]
    assert shown[0].startswith(f"{NOISY}: best epoch (14–16)")
    compared = 0
    for axes, same in zip(drawn.axes, expected.axes, strict=True):
        assert lines(axes).keys() == lines(same).keys()
        for label, line in lines(axes).items():
            np.testing.assert_array_equal(line.get_xydata(), lines(same)[label].get_xydata())
            compared += len(line.get_xydata())
    assert compared > 50


@pytest.mark.parametrize("name", ["probes", "simulation"])
def test_where_every_network_diverged_all_are_drawn(noisy, name):
    gone = diverged(noisy, 0, 1, 2)
    figure = draw(name, gone, epochs=["best"])
    assert figure.axes[0].get_title("left").startswith(f"{NOISY}: best epoch (14–18)")
    table = gone[name]
    if name == "probes":
        at = (table["metric"] == "linear_probe") & (table["labels"] == "true")
        line = lines(figure.axes[0])["trained with true labels"]
    else:
        at = (table["metric"] == "theory") & (table["kind"] == "unpermuted")
        line = lines(figure.axes[0])["theory"]
    means = table[at & table["best"]].groupby("layer_index")["value"]
    assert set(means.size()) == {3}
    np.testing.assert_allclose(line.get_ydata(), means.mean())


def test_change_names_the_best_epochs_of_what_it_draws(noisy):
    gone = diverged(noisy, 2)
    title = draw("change", gone).axes[0].get_title("left").replace("\n", " ")
    assert title == (
        f"{NOISY}: last epoch (60) minus best epoch (14–16); seed 2 diverged in epoch 31"
    )
    rest = draw("change", without(gone, "geometry", 2)).axes[0].get_title("left")
    assert rest.replace("\n", " ") == title
