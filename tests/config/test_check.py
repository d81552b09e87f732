"""A broken configuration gets a message that names the key, the value and the way out."""

import copy
from pathlib import Path

import pytest
import yaml
from geomem.config.check import SCHEMA, check, problems
from geomem.config.cli import main, overlaid
from geomem.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def changed(config, path, value):
    """A copy of `config` with one key, by dotted path, set to `value` (or deleted for `...`)."""
    config = copy.deepcopy(config)
    *places, last = path.split(".")
    section = config
    for place in places:
        section = section.setdefault(place, {})
    if value is ...:
        del section[last]
    else:
        section[last] = value
    return config


def test_the_shipped_configurations_are_sound(config):
    assert problems(config) == []
    presets = sorted((ROOT / "presets").glob("*.yaml"))
    assert presets
    for preset in presets:
        assert problems(overlaid(config, yaml.safe_load(preset.read_text()))) == [], preset


BROKEN = [
    ("experiments.depth.trainig", {}, "experiments.depth.trainig: unknown key; did you mean train"),
    ("defaults.training.optimizer.lr", "1e-3", "YAML takes 1e-3 for text: write 0.001"),
    ("defaults.training.optimizer.lr", 0, "must be greater than 0"),
    (
        "experiments.depth.training",
        {"optimizer": {"nesterov": True, "momentum": 0}},
        "nesterov: true needs a momentum above 0",
    ),
    ("defaults.training.optimizer.lr", float("nan"), "not a finite number"),
    ("defaults.training.optimizer.lr", float("inf"), "not a finite number"),
    ("defaults.training.optimizer.name", "sdg", "did you mean sgd?"),
    ("defaults.training.epochs", "60", "is text, expected a whole number (leave out the quotes)"),
    ("defaults.training.epochs", 2.5, "is a number, expected a whole number"),
    ("defaults.training.epochs", True, "is true or false, expected a whole number"),
    ("defaults.training.epochs", None, "is null"),
    ("defaults.training.epochs", 0, "must be at least 1"),
    ("experiments.depth.training.schedule", {"name": "step", "gamma": 1}, "milestones: missing"),
    ("defaults.training.schedule", {"name": "constant", "gamma": 1}, "schedule.gamma: unknown key"),
    ("defaults.training.augmentation.flip", "yes", "expected true or false"),
    ("defaults.training.snapshots", [3, 3], "3 stands there twice"),
    ("defaults.training.snapshots", [61], "61 lies past training.epochs = "),
    ("defaults.noises", 0.5, "is a number, expected a list"),
    ("defaults.noises", [1.5], "defaults.noises[0]: 1.5 must be at most 1"),
    ("defaults.noises", [], "must not be empty"),
    ("experiments.width-sweep.noises", [0.3, 0.3000000001], "could not be told apart"),
    ("defaults.widths", [8, 0], "defaults.widths[1]: 0 must be at least 1"),
    ("defaults.seeds", [-1], "must be at least 0"),
    ("defaults.model.name", "vgg17", "vgg16"),
    ("defaults.model.dropout", 1, "must be less than 1"),
    ("defaults.data", {"name": "mnist"}, "is not one of: glyphs, cifar10"),
    ("experiments.depth.data", {"name": "cifar10", "download": False}, "depth.data.path: missing"),
    ("defaults.data.path", "here", "data.path: unknown key"),
    ("defaults.data.classes", 99, "must be at most 98"),
    ("defaults.analysis.epochs", ["frist"], "is not one of: best, last, a whole number"),
    ("experiments.depth.analysis.epochs", [99], "99 lies past training.epochs = "),
    ("defaults.analysis.classes", 1, "is not one of: all, a whole number of at least 2"),
    ("experiments.depth.analysis.classes", 99, "is more than data.classes = "),
    ("experiments.width-sweep.data.test_per_class", 9, "25 test images per class are wanted"),
    ("experiments.depth.noises", [0.02], "at noise 0.02 there are"),
    ("defaults.analysis.layers", [], "must not be empty"),
    ("defaults.geometry.n_t", 1, "must be at least 2"),
    ("defaults.geometry.confidence", 95, "must be less than 1"),
    ("defaults.rewind.schemes", ["sufix"], "did you mean suffix?"),
    ("defaults.rewind.batch_norm", "keep", "is text, expected a list"),
    ("defaults.labels.rule", ..., "experiments.depth.labels.rule: missing"),
    ("experiments", {}, "must not be empty"),
    ("experiments", ..., "experiments: missing"),
    ("experiments.../evil", {}, "may hold only letters"),
    ("run", ["dept"], "no experiment is called 'dept'; did you mean depth?"),
    ("run", "depth", "is not one of: all, a list"),
    ("colour", "blue", "colour: unknown key"),
]


@pytest.mark.parametrize(("path", "value", "message"), BROKEN)
def test_each_broken_key_is_named(config, path, value, message):
    if path == "experiments.../evil":
        broken = copy.deepcopy(config)
        broken["experiments"]["../evil"] = {}
    else:
        broken = changed(config, path, value)
    found = problems(broken)
    assert any(message in text for text in found), found
    assert len(found) <= len(config["experiments"]), (
        "one message for each that inherits the mistake"
    )


def test_ones_own_network_takes_any_further_key(config):
    own = {"name": "nets.mine:build", "depth": 3}
    assert problems(changed(config, "defaults.model", own)) == []
    named = changed(config, "defaults.model", {"name": "vgg16", "depth": 3})
    assert any("model.depth: unknown key" in text for text in problems(named))


def test_all_problems_are_told_at_once(config):
    broken = changed(config, "defaults.training.epochs", "many")
    broken = changed(broken, "defaults.geometry.nt", 3)
    broken = changed(broken, "experiments.depth.widths", [])
    with pytest.raises(InputError, match="3 problems"):
        check(broken)


@pytest.mark.parametrize("config", [None, [], "text", 3])
def test_something_else_than_a_configuration(config):
    assert len(problems(config)) == 1


def keys(section, prefix=""):
    for key, value in section.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from keys(value, f"{prefix}{key}.")


def schema_keys(node, definitions, prefix=""):
    """Dotted keys an experiment may hold, but for those of data sets and schedules not shown."""
    if "$ref" in node:
        node = definitions[node["$ref"].rsplit("/", 1)[1]]
    for key, child in node.get("properties", {}).items():
        yield prefix + key
        yield from schema_keys(child, definitions, f"{prefix}{key}.")


def test_every_key_of_the_schema_stands_in_the_default_configuration(config):
    schema = yaml.safe_load(SCHEMA.read_text())
    known = set(schema_keys(schema["$defs"]["experiment"], schema["$defs"]))
    of_sgd = {"momentum", "nesterov"}  # the default is another optimizer: named in its comment
    assert all(key in (ROOT / "config.yaml").read_text() for key in of_sgd)
    known -= {f"training.optimizer.{key}" for key in of_sgd}
    assert known - set(keys(config["defaults"])) == set()


def test_command(tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text("experiments: {a: {widhts: [1]}}\n")
    with pytest.raises(InputError, match="did you mean widths"):
        main([str(path)])
    assert main([str(ROOT / "config.yaml")]) == 0
    assert "width-sweep: 5 networks" in capsys.readouterr().out
    path.write_text("a: [")
    with pytest.raises(InputError, match="is not YAML"):
        main([str(path)])
    with pytest.raises(InputError, match="cannot be read"):
        main([str(tmp_path / "absent.yaml")])
