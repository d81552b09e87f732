"""The built-in optimizers against torch's classes, and what a training imports."""

import subprocess
import sys

import pytest
import torch
from geomem.training.optimizers import Fused

KINDS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
SETTINGS = [
    ("sgd", {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0}),
    ("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
    ("adam", {"weight_decay": 0.0}),
    ("adam", {"weight_decay": 5e-4}),
    ("adamw", {"weight_decay": 0.01}),
]


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 5)
    ).to(memory_format=torch.channels_last)


def steps(model, optimizer, count, start=0):
    for number in range(start, start + count):
        torch.manual_seed(100 + number)
        for group in optimizer.param_groups:
            group["lr"] = 0.05 / (1 + number)
        loss = model(torch.randn(16, 3, 8, 8)).logsumexp(1).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_the_same_bits_as_torchs_class(kind, settings):
    ours, theirs = network(), network()
    steps(ours, made := Fused(kind, ours.parameters(), {"lr": 0.05, **settings}), 7)
    steps(theirs, known := KINDS[kind](theirs.parameters(), lr=0.05, **settings, fused=True), 7)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other)
    state = known.state_dict()["state"]
    found = made.state_dict()["state"]
    names = {i: [k for k, v in of.items() if v is not None] for i, of in state.items()}
    assert {i: sorted(of) for i, of in found.items() if of} == {
        i: sorted(n) for i, n in names.items() if n
    }
    for i, of in found.items():
        assert all(torch.equal(of[name], state[i][name]) for name in of)


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_a_state_taken_over_goes_on_to_the_same_bits(kind, settings):
    whole, first = network(), network()
    steps(whole, Fused(kind, whole.parameters(), {"lr": 0.05, **settings}), 6)
    steps(first, made := Fused(kind, first.parameters(), {"lr": 0.05, **settings}), 3)
    rest = network()
    rest.load_state_dict(first.state_dict())
    other = Fused(kind, rest.parameters(), {"lr": 0.05, **settings})
    other.load_state_dict(made.state_dict())
    steps(rest, other, 3, start=3)
    for mine, known in zip(rest.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, known)


def test_parameters_without_a_gradient_stay():
    model = network()
    optimizer = Fused("adam", model.parameters(), {"lr": 0.1, "weight_decay": 0.1})
    before = model[3].weight.clone()
    model[0](torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    assert torch.equal(model[3].weight, before)
    assert sorted(optimizer.state_dict()["state"]) == [0, 1]


TRAINS = """
import sys
import numpy as np, torch
from geomem.data.image_sets import ImageSet
from geomem.training.evaluate import Targets
from geomem.training.loop import Training
rng = np.random.default_rng(0)
labels = np.arange(12) % 3
images = ImageSet(rng.integers(0, 255, (12, 1, 32, 32), dtype=np.uint8), labels,
                  rng.integers(0, 255, (12, 1, 32, 32), dtype=np.uint8), labels, ("a", "b", "c"))
targets = Targets(labels, labels, np.zeros(12, bool), labels)
spec = {"model": {"name": "vgg-small", "dropout": 0}, "width": 2, "seed": 0, "training": {
    "epochs": 1, "batch_size": 6, "optimizer": {"name": sys.argv[2], "lr": 0.01}}}
training = Training(spec, images, targets, cache=sys.argv[1])
training.rehearse({})
training.complete([])
print(*sorted({"torch._dynamo", "pandas", "scipy", "numba"} & set(sys.modules)))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_imports_no_compiler_and_no_table_library(kind, tmp_path):
    command = [sys.executable, "-c", TRAINS, str(tmp_path), kind]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == ""
