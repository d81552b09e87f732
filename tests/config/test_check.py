"""A broken configuration gets a message that names the key, the value and the way out."""

import re
import shutil
from pathlib import Path

import pytest
from geomem.config.check import check, problems
from geomem.config.cli import combined, main
from geomem.config.experiments import resolve
from geomem.config.schema import schema as read_schema
from geomem.errors import InputError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.broken import BROKEN, BROKEN_FILES, ROOT, changed, default_config


@pytest.fixture
def config():
    return default_config()


def test_the_shipped_configurations_are_sound(config):
    assert problems(config) == []
    presets = sorted((ROOT / "presets").glob("*.yaml"))
    assert presets
    for preset in presets:
        assert problems(combined([ROOT / "config.yaml", preset])) == [], preset


def test_an_overlay_can_change_the_data_set_of_all_experiments(config, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        "run: [mine]\ndefaults: {data: {name: image-folder, path: x, size: 32}}\n"
        "experiments: {mine: {label_noise: [0.2]}}\n"
    )
    found = combined([ROOT / "config.yaml", overlay])
    assert problems(found) == []
    assert resolve(found, "mine")["data"] == {"name": "image-folder", "path": "x", "size": 32}
    assert resolve(found, "mine")["model"] == config["defaults"]["model"]


@pytest.mark.parametrize(("path", "value", "message"), BROKEN)
def test_each_broken_key_is_named(config, path, value, message):
    found = problems(changed(config, path, value))
    assert any(message in text for text in found), found
    assert len(found) <= len(config["experiments"]), (
        "one message for each that inherits the mistake"
    )


CLAIM = {"effect": "json:dumps", "statement": "{}", "bound": "at least", "value": 0, "source": "x"}
STEPS = {"name": "step", "gamma": 0.1}


def mine(config, **experiment):
    """The problems of a configuration that runs one experiment."""
    return problems({**config, "run": ["mine"], "experiments": {"mine": experiment}})


@pytest.mark.parametrize(
    ("experiment", "expected"),
    [
        (
            {"training": {"optimizer": {"momentum": 0.9}}},
            "training.optimizer.momentum is not a setting of adam; expected lr, weight_decay",
        ),
        (
            {"training": {"optimizer": {"nesterov": True}}},
            "training.optimizer.nesterov is not a setting of adam; expected lr, weight_decay",
        ),
        (
            {"training": {"epochs": 20, "schedule": {**STEPS, "milestones": [10, 20]}}},
            "training.schedule.milestones: 20 does not lie before training.epochs = 20, so it "
            "changes nothing",
        ),
        (
            {"claims": {"own": {"a": {**CLAIM, "tables": ["accuracy", "two_nn"]}}}},
            "claims.own.a.tables: there is no table 'two_nn' in this experiment; choose among "
            "accuracy, ",
        ),
        (
            {"probes": {"epochs": []}, "claims": {"own": {"a": {**CLAIM, "tables": ["probes"]}}}},
            "claims.own.a.tables: there is no table 'probes' in this experiment; ",
        ),
    ],
)
def test_what_the_jobs_would_refuse_or_miss_is_one_problem(config, experiment, expected):
    (found,) = mine(config, **experiment)
    assert found.startswith(f"experiments.mine.{expected}")


def test_tables_of_what_is_measured_can_be_asked_for(config):
    own = {"a": {**CLAIM, "tables": ["accuracy", "geometry", "two_nn"]}}
    analysis = {"measures": ["geometry", "two_nn"], "store": "gram"}
    assert mine(config, analysis=analysis, claims={"own": own}) == []
    schedule = {**STEPS, "milestones": [10, 19]}
    assert mine(config, training={"epochs": 20, "schedule": schedule}) == []


@pytest.mark.parametrize("best", [0, 5, 7])
def test_the_best_epoch_of_ones_own_weights_is_analysed(config, best, tmp_path):
    for epoch in (0, 5, 7):
        (tmp_path / f"{epoch}.pt").touch()
    nothing = {"epochs": []}
    found = mine(
        config, weights={"path": f"{tmp_path}/{{epoch}}.pt", "epochs": [0, 5, 7]},
        analysis={"epochs": [0, 5]}, claims={"best_epoch": best}, rewind=nothing,
        gradients=nothing, simulation=nothing,
    )  # fmt: skip
    expected = (
        "experiments.mine.claims.best_epoch: epoch 7 is not analysed; add it to analysis.epochs"
    )
    assert found == ([expected] if best == 7 else [])


def test_ones_own_network_takes_any_further_key(config):
    own = {"name": "geomem.models.vgg:vgg16", "depth": 3}
    assert problems(changed(config, "defaults.model", own)) == []
    named = changed(config, "defaults.model", {"name": "vgg16", "depth": 3})
    assert any("model.depth: unknown key" in text for text in problems(named))


@pytest.mark.parametrize("store", ["gram", "raw"])
def test_what_is_stored_is_enough_for_glue(config, store):
    found = changed(config, "defaults.analysis.measures", ["geometry", "glue", "few_shot"])
    assert problems(changed(found, "defaults.analysis.store", store)) == []


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
    schema = read_schema()
    known = set(schema_keys(schema["$defs"]["experiment"], schema["$defs"]))
    # The default is another optimizer, network or data set: these are named in its comments.
    comments = "\n".join(re.findall("#.*", (ROOT / "config.yaml").read_text()))
    optional = {"momentum", "nesterov", "normalize", "pooling", "layers", "activations", "weights"}
    missing = known - set(keys(config["defaults"]))
    assert {key for key in missing if optional.isdisjoint(key.split("."))} == set()
    assert all(re.search(rf"\b{key.split('.')[-1]}\b", comments) for key in missing), missing


def test_command(tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text("experiments: {a: {widhts: [1]}}\n")
    with pytest.raises(InputError, match="did you mean widths"):
        main([str(path)])
    assert main([str(ROOT / "config.yaml")]) == 0
    assert "depth: 5 networks" in capsys.readouterr().out
    with pytest.raises(InputError, match="cannot be read"):
        main([str(tmp_path / "absent.yaml")])


def test_an_overlay_alone_is_told_how_to_lie_over_the_configuration(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("run: [clean]\n")
    with pytest.raises(InputError) as told:
        main(["mine.yaml"])
    assert "geomem check --configfile" not in str(told.value), "there is nothing to lay it over"
    shutil.copy(ROOT / "config.yaml", "config.yaml")
    with pytest.raises(InputError, match=r"geomem check --configfile mine\.yaml"):
        main(["mine.yaml"])
    assert main(["--configfile", "mine.yaml"]) == 0
    assert capsys.readouterr().out == "clean: 1 network\n"


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_file_that_is_no_configuration(tmp_path, name):
    text, message = BROKEN_FILES[name]
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        main([str(path)])


PLACES = sorted(keys(default_config()))
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(place=st.sampled_from(PLACES), junk=JUNK)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_whatever_stands_there_is_accepted_or_named(place, junk):
    """No value of any key raises anything, and every message names a key on the way to it."""
    for message in problems(changed(default_config(), place, junk)):
        names = {"experiments", "defaults", "run", *place.split(".")}
        assert any(name in message.split(": ")[0] for name in names), message


@given(place=st.sampled_from(PLACES), position=st.integers(0, 30), letter=st.sampled_from("xqz_"))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_misspelt_key_is_named(place, position, letter):
    *above, last = place.split(".")
    config = default_config()
    section = config
    for part in above:
        section = section[part]
    position %= len(last) + 1
    misspelt = last[:position] + letter + last[position:]
    section[misspelt] = section.pop(last)
    found = problems(config)
    if place.startswith("experiments.") and len(above) == 1:
        assert found == [], "an experiment bears any name"
    else:
        assert any(last in message for message in found), found
