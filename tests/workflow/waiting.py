"""A small workflow whose trainings wait for as long as a test wants, and tests that wait."""

import time

from tests.workflow.conftest import make_workspace

# A network that takes its time while it trains, and costs no CPU meanwhile, for as long as there is
# a file `hold`.
WAITING_NETWORK = """\
import os, time
from torch import nn

class Wait(nn.Module):
    def forward(self, images):
        if self.training and os.path.exists("hold"):
            time.sleep(1.5)
        return images

def network(width, n_classes, image_shape):
    channels, height, side = image_shape
    hidden = nn.Sequential(nn.Linear(channels * height * side, width), nn.ReLU())
    return nn.Sequential(Wait(), nn.Flatten(), hidden, nn.Linear(width, n_classes))
"""
# Of 5 steps each: held, the training would take 12 minutes.
EPOCHS = 100
SEEDS = (0, 1, 2)


def waiting_workspace(path):
    """Three networks of the waiting kind, and their table of accuracies."""
    workspace = make_workspace(path)
    (path / "waiting.py").write_text(WAITING_NETWORK)
    config = workspace.config
    tiny = config["experiments"]["tiny"]
    tiny["seeds"] = [0, 1, 2]
    tiny["model"] = {"name": "waiting:network"}
    tiny["training"]["epochs"] = EPOCHS
    for stage in ("analysis", "rewind", "gradients"):
        tiny[stage]["epochs"] = []
    workspace.write_config(config)
    return workspace


def until(happens, seconds=60):
    """Wait until `happens()` is true."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
