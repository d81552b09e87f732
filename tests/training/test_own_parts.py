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
