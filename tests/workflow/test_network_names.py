"""Networks whose module is called as the names of recordings and of imported networks begin."""

import pytest

from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow
NETWORK = """
from torch import nn


def build(width, n_classes, image_shape):
    layers = nn.Linear(1024, width), nn.ReLU(), nn.Linear(width, n_classes)
    return nn.Sequential(nn.Flatten(), *layers)
"""


@pytest.mark.parametrize("module", ["recorded_nets", "imported_nets"])
def test_a_network_of_ones_own_is_trained_whatever_its_name(tmp_path, module):
    workspace = make_workspace(tmp_path)
    (tmp_path / f"{module}.py").write_text(NETWORK)
    config = workspace.config
    config["experiments"]["tiny"]["model"] = {"name": f"{module}:build"}
    workspace.write_config(config)
    rules = {rule for rule, words in workspace.pending() if words.startswith("training=")}
    assert rules == {"train", "snapshot"}
