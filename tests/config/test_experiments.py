"""Experiments cut into cells, stage settings and what they share."""

import re

import pytest
from geomem.config.experiments import (
    as_text,
    kept_epochs,
    merged,
    noise_text,
    runs,
)
from geomem.config.sharing import data_name, labels_name, training_name, trainings

EXPERIMENT = {
    "data": {"name": "glyphs"},
    "labels": {"rule": "permute"},
    "model": {"name": "vgg-small"},
    "widths": [2, 8],
    "label_noise": [0.0, 0.5],
    "seeds": [0],
    "training": {"epochs": 9, "snapshots": [5, 1]},
    "analysis": {"epochs": ["best", 0], "per_class": 3, "classes": "all"},
    "rewind": {"epochs": [4]},
    "gradients": {"epochs": ["last", 5], "per_class": None},
    "simulation": {"epochs": [7]},
    "probes": {"epochs": [2]},
    "similarity": {"epochs": ["best"]},
}


def test_cells():
    assert list(runs(EXPERIMENT)) == ["w2_n0_s0", "w2_n0.5_s0", "w8_n0_s0", "w8_n0.5_s0"]
    assert runs(EXPERIMENT)["w8_n0.5_s0"] == (8, 0.5, 0)
    assert kept_epochs(EXPERIMENT) == [0, 1, 2, 4, 5, 7]


def test_a_section_of_another_name_replaces_the_old_one_whole():
    base = {"data": {"name": "glyphs", "classes": 3}, "training": {"epochs": 1, "lr": 2}}
    assert merged(base, {"data": {"name": "cifar10", "path": "x"}})["data"] == {
        "name": "cifar10",
        "path": "x",
    }
    assert merged(base, {"data": {"classes": 4}})["data"] == {"name": "glyphs", "classes": 4}
    assert merged(base, {"training": {"epochs": 5}})["training"] == {"epochs": 5, "lr": 2}
    assert base["training"]["epochs"] == 1


@pytest.mark.parametrize("noise", [0, 0.5, 0.1234567, 1 / 3, 1e-7, 0.30000000000000004])
def test_a_name_gives_the_noise_exactly(noise):
    assert float(noise_text(noise)) == noise
    assert re.fullmatch("[0-9.e-]+", noise_text(noise)), "as rules/common.smk expects it"


def with_changes(changes):
    return merged(EXPERIMENT, changes)


def test_experiments_that_agree_share_one_training_with_every_epoch_that_either_asks_for():
    other = with_changes(
        {
            "training": {"snapshots": [8]},
            "analysis": {"per_class": 9},
            "widths": [8],
            "label_noise": [0.5],
        }
    )
    found, of_run = trainings({"one": EXPERIMENT, "other": other})
    assert len(found) == 4 and len(of_run) == 5
    shared = found[of_run["other", "w8_n0.5_s0"]]
    assert of_run["one", "w8_n0.5_s0"] == of_run["other", "w8_n0.5_s0"]
    assert shared.epochs == (0, 1, 2, 4, 5, 7, 8) and shared.experiment == "one"
    assert "snapshots" not in shared.settings["training"]
    assert found[of_run["one", "w2_n0.5_s0"]].epochs == (0, 1, 2, 4, 5, 7)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"classes": 3}},
        {"labels": {"rule": "other"}},
        {"model": {"dropout": 0.1}},
        {"training": {"epochs": 10}},
        {"training": {"lr": 0.1}},
        {"model": {"name": "my_own.nets:vgg"}},
    ],
)
def test_whatever_decides_a_training_gives_it_another_name(changes):
    (_, one), (_, other) = (trainings({"a": e}) for e in (EXPERIMENT, with_changes(changes)))
    assert one.keys() == other.keys()
    assert set(one.values()).isdisjoint(other.values())
    assert all(re.fullmatch(r"[\w.]+(-[\w.]+)*", name) for name in other.values())


def test_names_can_be_read():
    assert re.fullmatch("glyphs-[0-9a-f]{8}", data_name(EXPERIMENT))
    assert labels_name(EXPERIMENT, 0.5, 0) == "permute_n0.5_s0"
    [name] = trainings({"a": with_changes({"widths": [8], "label_noise": [0.5]})})[0]
    assert re.fullmatch("vgg-small_w8_n0.5_s0-[0-9a-f]{8}", name)
    assert training_name(trainings({"a": EXPERIMENT})[0][name].settings) == name


def test_text_does_not_depend_on_the_order_of_keys():
    assert as_text({"b": 1, "a": {"d": 2, "c": 3}}) == as_text({"a": {"c": 3, "d": 2}, "b": 1})
    assert as_text({"a": 1, "b": 2}) != as_text({"a": 2, "b": 1})
