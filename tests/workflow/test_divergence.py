"""A sweep in which one network diverges: the others go on, and tables and figures show the gap."""

import numpy as np
import pytest
from geomem.figures import accuracy as accuracies
from geomem.figures import width as widths
from geomem.storage.tables import read_document, read_table

from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow

# The network of width 3 computes an infinite loss in its third epoch (five steps make an epoch).
NETWORK = '''
import torch
from torch import nn


class Fragile(nn.Module):
    """A linear layer that breaks after so many steps of training."""

    def __init__(self, features, n_classes, steps):
        super().__init__()
        self.linear = nn.Linear(features, n_classes)
        self.register_buffer("left", torch.tensor(steps))

    def forward(self, features):
        if self.training:
            self.left -= 1
        logits = self.linear(features)
        return logits if self.left > 0 else logits * torch.inf


def network(*, width, n_classes, image_shape):
    return nn.Sequential(
        nn.Conv2d(image_shape[0], width, 3, stride=4),
        nn.ReLU(),
        nn.Flatten(),
        Fragile(width * 8 * 8, n_classes, steps=13 if width == 3 else 10**9),
    )
'''


@pytest.fixture(scope="module")
def finished_place(tmp_path_factory):
    """Three widths, of which the middle one diverges, run to figures."""
    workspace = make_workspace(tmp_path_factory.mktemp("divergence"))
    (workspace.path / "fragile.py").write_text(NETWORK)
    config = workspace.config
    experiment = config["experiments"]["tiny"]
    experiment["model"] = {"name": "fragile:network", "dropout": 0}
    experiment["widths"] = [2, 3, 4]
    experiment["training"]["snapshots"] = []
    experiment["analysis"] |= {"epochs": [2, 3], "controls": []}
    experiment["simulation"] |= {"epochs": [3]}
    experiment["rewind"] |= {"epochs": [3], "schemes": ["suffix"]}
    experiment["gradients"] = {"epochs": [3]}
    workspace.write_config(config)
    workspace.snakemake("--quiet")
    return workspace.path / "results/tiny", workspace


@pytest.fixture(scope="module")
def place(finished_place):
    return finished_place[0]


def table(place, name):
    return read_table(place / f"tables/{name}.parquet")


def test_the_record_says_where(finished_place):
    _, workspace = finished_place
    runs = {width: f"w{width}_n0.5_s0" for width in (2, 3, 4)}
    found = {
        width: read_document(workspace.training(run) / "training.json")
        for width, run in runs.items()
    }
    assert [found[width]["status"] for width in (2, 3, 4)] == ["completed", "diverged", "completed"]
    assert found[3]["diverged_at"] == {"epoch": 3, "step": 2}
    assert found[3]["epochs"] == 2
    log = workspace.training_log(runs[3]).read_text()
    assert "diverged: the loss is not finite in epoch 3, step 2" in log


def test_tables_hold_what_was_reached_and_nothing_else(place):
    for name, of_fragile in (("accuracy", {0, 1, 2}), ("geometry", {2}), ("gradients", set())):
        found = table(place, name)
        assert set(found.loc[found["width"] == 3, "epoch"]) == of_fragile, name
        assert found["value"].notna().all() or name == "geometry"
        for width in (2, 4):
            of_width = found[found["width"] == width]
            assert of_width["epoch"].max() == 3
            assert of_width["last"].any()
        assert not found.loc[found["width"] == 3, "last"].any()
    rewind = table(place, "rewind")
    assert set(rewind.loc[rewind["epoch"] == 3, "width"]) == {2, 4}


def test_every_figure_is_drawn(place):
    for name in ("samples", "accuracy", "depth", "epochs", "width", "rewind", "gradients"):
        assert (place / f"figures/{name}.png").stat().st_size > 1000
    assert not list(place.rglob("*.tmp"))


def test_figures_show_the_gap(place):
    accuracy, geometry = table(place, "accuracy"), table(place, "geometry")
    note = "width 3, label noise 0.5: seed 0 diverged in epoch 3"
    assert note in accuracies.draw(accuracy).get_supxlabel().replace("\n", " ")
    figure = widths.draw(accuracy, geometry)
    assert note in figure.get_supxlabel().replace("\n", " ")
    drawn = [line for axes in figure.axes for line in axes.get_lines()]
    last = [line for line in drawn if line.get_label() == "last epoch"]
    assert len(last) == 6
    for line in last:
        assert np.isnan(line.get_ydata()).tolist() == [False, True, False]
