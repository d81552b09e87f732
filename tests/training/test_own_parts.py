"""An optimizer, a loss and an augmentation of the user's own, named by import path."""

import sys

import numpy as np
import pytest
import torch
from geomem.errors import InputError, PreemptedError
from geomem.training.key import determinants
from geomem.training.recipe import Recipe

from tests.training.problems import differing, image_set, spec_of, targets_of, training_of

SOURCE = """
import torch
from torch.nn import functional


def descent(parameters, *, lr, weight_decay=0):
    return torch.optim.SGD(parameters, lr=lr, weight_decay=weight_decay, momentum=0.9)


def smoothed(logits, labels):
    return functional.cross_entropy(logits, labels, label_smoothing=0.1)


def noisy(images):
    return images + 0.1 * torch.randn_like(images)


def each(logits, labels):
    return functional.cross_entropy(logits, labels, reduction="none")


def cropped(images):
    return images[..., 1:]


def nothing(parameters, *, lr):
    return None


def broken(images):
    raise RuntimeError("out of film")
"""


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    (tmp_path / "my_parts.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("my_parts", None)


def states(tmp_path, name, **training):
    """Weights after the last epoch."""
    made = training_of(spec_of(epochs=2, **training), tmp_path / name)
    made.complete()
    return made.store.at(2)


def test_a_function_that_does_the_same_gives_the_same_bits(tmp_path):
    built_in = {"name": "sgd", "lr": 0.05, "momentum": 0.9}
    same = {"name": "my_parts:descent", "lr": 0.05}
    own, expected = (states(tmp_path, str(i), optimizer=o) for i, o in enumerate((same, built_in)))
    for name, array in expected.arrays.items():
        np.testing.assert_allclose(own.arrays[name], array, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    "training",
    [{"loss": "my_parts:smoothed"}, {"augmentation": {"function": "my_parts:noisy"}}],
)
def test_each_part_changes_the_weights_and_goes_on_to_the_same_bits(tmp_path, training):
    optimizer = {"name": "my_parts:descent", "lr": 0.05}
    plain = states(tmp_path, "plain", optimizer=optimizer)
    own = states(tmp_path, "own", optimizer=optimizer, **training)
    assert differing(plain, own)
    cut = spec_of(epochs=2, optimizer=optimizer, **training)
    steps = iter(range(2))
    with pytest.raises(PreemptedError):
        stop = lambda: next(steps, None) is None  # noqa: E731
        training_of(cut, tmp_path / "cut", asked_to_stop=stop).complete()
    again = training_of(cut, tmp_path / "cut")
    again.complete()
    assert differing(again.store.at(2), own) == []


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (
            {"optimizer": {"name": "my_parts:nothing", "lr": 1}},
            "returned NoneType; expected",
        ),
        ({"optimizer": {"name": "my_parts:descent"}}, "optimizer.lr is missing"),
        ({"optimizer": {"name": "my_parts:descent", "lr": 1, "x": 2}}, "unexpected keyword.*'x'"),
        ({"loss": "my_parts:each"}, "expected one number, the mean over the batch"),
        ({"loss": "my_parts:absent"}, "has no function absent"),
        ({"loss": "l2"}, "training.loss is 'l2'; expected cross-entropy or module:function"),
        ({"augmentation": {"function": "my_parts:cropped"}}, "expected the same shape"),
        ({"augmentation": {"function": "my_parts:broken"}}, "out of film.*my_parts.py, line 31"),
    ],
)
def test_what_is_wrong_with_a_function_is_named(tmp_path, training, message):
    with pytest.raises(InputError, match=message):
        states(tmp_path, "wrong", **training)


def test_the_key_follows_the_users_module(tmp_path):
    spec = spec_of(loss="my_parts:smoothed")
    images = image_set()

    def sources():
        recipe, device = Recipe.read(spec["training"]), torch.device("cpu")
        return determinants(spec, recipe, images, targets_of(images), device)["sources"]

    before = sources()
    assert "my_parts.py" in before
    (tmp_path / "my_parts.py").write_text(SOURCE.replace("0.1)", "0.2)"))
    after = sources()
    assert {name for name in before if before[name] != after[name]} == {"my_parts.py"}


def test_a_network_that_is_made_once_and_returned_again_starts_as_it_is(tmp_path):
    """The rehearsal takes its steps on the very network that is trained afterwards."""
    (tmp_path / "my_parts.py").write_text(
        "from torch import nn\n\nMADE = []\n\n\n"
        "def net(*, width, n_classes, image_shape):\n"
        "    if not MADE:\n"
        "        parts = nn.Conv2d(image_shape[0], 4, 3), nn.BatchNorm2d(4), nn.ReLU()\n"
        "        ends = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, n_classes)\n"
        "        MADE.append(nn.Sequential(*parts, *ends))\n"
        "    return MADE[0]\n"
    )
    spec = {**spec_of(epochs=1), "model": {"name": "my_parts:net"}}
    made = training_of(spec, tmp_path / "states")
    before = {key: value.clone() for key, value in made._model.state_dict().items()}
    made.rehearse({})
    for key, value in made._model.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_learning_rates_that_the_schedule_would_overwrite_are_refused(tmp_path):
    (tmp_path / "my_parts.py").write_text(
        SOURCE + "\n\ndef layered(parameters, *, lr):\n"
        "    first, *rest = parameters\n"
        "    groups = [{'params': [first], 'lr': lr / 10}, {'params': rest}]\n"
        "    return torch.optim.SGD(groups, lr=lr)\n"
    )
    made = training_of(
        spec_of(epochs=1, optimizer={"name": "my_parts:layered", "lr": 0.5}), tmp_path / "states"
    )
    with pytest.raises(InputError, match=r"learning rates \[0\.05, 0\.5\], and the schedule"):
        made.rehearse({})
