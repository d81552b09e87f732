"""Settings: defaults, messages, learning rates."""

import math
import os
import subprocess
import sys

import pytest
import torch
from geomem.errors import InputError
from geomem.training.recipe import Recipe

SGD = {"name": "sgd", "lr": 0.5}


def recipe(**settings):
    return Recipe.read({"epochs": 10, "batch_size": 4, "optimizer": SGD, **settings})


def rates(schedule, steps_per_epoch=3):
    made = recipe(schedule=schedule)
    return [made.learning_rate(step, steps_per_epoch) for step in range(30)]


def test_constant_rate():
    assert rates({"name": "constant"}) == [0.5] * 30


def test_step_rate_falls_after_each_milestone_epoch():
    found = rates({"name": "step", "milestones": [2, 5], "gamma": 0.1})
    assert found == pytest.approx([0.5] * 6 + [0.05] * 9 + [0.005] * 15)


def test_cosine_rate_is_half_a_period_over_all_steps():
    found = rates({"name": "cosine"})
    assert found == pytest.approx([0.25 * (1 + math.cos(math.pi * s / 30)) for s in range(30)])


def test_inverse_square_root_rate():
    found = rates({"name": "inverse-sqrt", "every": 8})
    assert found == pytest.approx([0.5 / math.sqrt(1 + s // 8) for s in range(30)])


def test_torch_agrees_on_step_and_cosine():
    for schedule, make in (
        (
            {"name": "step", "milestones": [2, 5], "gamma": 0.3},
            lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [6, 15], 0.3),
        ),
        ({"name": "cosine"}, lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 30)),
    ):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
        scheduler = make(optimizer)
        for rate in rates(schedule):
            assert rate == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-12)
            optimizer.step()
            scheduler.step()


def test_defaults_are_filled_in_so_that_leaving_one_out_changes_nothing():
    short = recipe()
    long = recipe(
        optimizer={"name": "sgd", "lr": 0.5, "momentum": 0.0, "nesterov": False, "weight_decay": 0},
        schedule={"name": "constant"},
        augmentation={"crop": 0, "flip": False, "rotation": 0},
        precision="float32",
        stop_at_permuted_accuracy=None,
        snapshots=[1, 2],
    )
    assert short == long


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epoch": 3}, ["training.epoch ", "epochs"]),
        ({"epochs": 0}, ["training.epochs", "0", "at least 1"]),
        ({"epochs": True}, ["training.epochs", "True"]),
        ({"batch_size": 1.5}, ["training.batch_size", "1.5"]),
        ({"precision": "double"}, ["training.precision", "'double'", "bfloat16"]),
        ({"stop_at_permuted_accuracy": 2}, ["training.stop_at_permuted_accuracy", "2"]),
        ({"optimizer": {"name": "lion", "lr": 1}}, ["training.optimizer.name", "'lion'", "adamw"]),
        ({"optimizer": {"name": "adam"}}, ["training.optimizer.lr", "missing"]),
        ({"optimizer": {"name": "adam", "lr": -1}}, ["training.optimizer.lr", "-1"]),
        (
            {"optimizer": {"name": "adam", "lr": 1, "momentum": 0.9}},
            ["training.optimizer.momentum", "adam", "weight_decay"],
        ),
        ({"schedule": {"name": "linear"}}, ["training.schedule.name", "'linear'", "cosine"]),
        ({"schedule": {"name": "step", "gamma": 1}}, ["training.schedule.milestones"]),
        ({"augmentation": {"zoom": 2}}, ["training.augmentation.zoom", "rotation"]),
    ],
)
def test_message_names_what_is_wrong(settings, words):
    with pytest.raises(InputError) as error:
        recipe(**settings)
    for word in words:
        assert word in str(error.value)


def test_a_missing_key_is_named():
    with pytest.raises(InputError, match=r"training\.batch_size is missing"):
        Recipe.read({"epochs": 1, "optimizer": SGD})


@pytest.mark.parametrize("module", ["recipe", "snapshot", "state", "record", "cache_cli"])
def test_modules_that_need_no_torch_import_none(module):
    code = f"import sys, geomem.training.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=_environment()).returncode == 0


def _environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
