"""Random faults in a configuration: named, or harmless to all that reads it later."""

import copy

import numpy as np
import pytest
import yaml
from geomem.config.check import check
from geomem.config.cli import plain
from geomem.config.experiments import as_text, resolve, runs, selected, stage_spec
from geomem.errors import InputError
from geomem.registry.stages import STAGES
from geomem.training.recipe import Recipe

from tests.workflow.conftest import tiny_config

pytestmark = pytest.mark.slow

JUNK = (
    None, True, False, 0, 1, -1, 2**40, 0.5, -0.5, 1e-9, float("nan"), float("inf"), "", "all",
    "1", "1e-3", "é\n", "last", [], [0], [[]], ["x"], [None], {}, {"a": 1}, {"name": "sgd"}, 1.0,
)  # fmt: skip


def leaves(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))


def changed(config, rng):
    """The configuration with one value replaced, removed or added."""
    config = copy.deepcopy(config)
    paths = [path for path in leaves(config) if path]
    path = paths[rng.integers(len(paths))]
    holder = config
    for key in path[:-1]:
        holder = holder[key]
    choice = rng.integers(4)
    if choice == 0:
        del holder[path[-1]]
    elif choice == 1:
        holder[("added", 3, None, "Epochs")[rng.integers(4)]] = JUNK[rng.integers(len(JUNK))]
    else:
        holder[path[-1]] = copy.deepcopy(JUNK[rng.integers(len(JUNK))])
    return config


@pytest.mark.parametrize("seed", range(160))
def test_faults(seed):
    rng = np.random.default_rng(seed)
    config = tiny_config()
    for _ in range(rng.integers(1, 3)):
        config = changed(config, rng)
    try:
        check(config)
    except InputError as error:
        assert str(error).count("\n  - ") >= 1
        return
    for name in selected(config):
        experiment = resolve(config, name)
        for run in runs(experiment).values():
            cell = dict(zip(("width", "noise", "seed"), run, strict=True))
            for stage in (name for name, entry in STAGES.items() if entry.settings):
                as_text(stage_spec(stage, experiment, **cell, epoch="last"))
        Recipe.read(experiment["training"])


@pytest.mark.parametrize("seed", range(20))
def test_values_of_the_command_line_are_those_of_a_file(seed):
    """What YAML's loader without types makes of a section, typed again, is what a file holds."""
    rng = np.random.default_rng(seed)
    values = [0, 1, -3, 0.25, 1.5, True, False, None, "all", "conv1_1", [1, 2], ["fc*"], {"a": 3}]
    section = {f"k{i}": values[rng.integers(len(values))] for i in range(6)}
    text = yaml.safe_dump(section, default_flow_style=True)
    assert plain(yaml.load(text, yaml.loader.BaseLoader)) == yaml.safe_load(text)
