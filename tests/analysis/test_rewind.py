"""Rewound networks: which weights they have, what they predict, and what must hold of them."""

import numpy as np
import pytest
import torch
from geomem.analysis import rewind as module
from geomem.analysis.networks import Snapshot, with_statistics
from geomem.analysis.plans import combined, make_plans, states_for
from geomem.analysis.rewind import choose_material, predict, rewind
from geomem.errors import GeomemError, InputError
from geomem.models import build_model, list_layers
from geomem.training.batches import Normalizer
from geomem.training.evaluate import (
    Targets,
    accuracy,
    evaluate,
    measure,
    predict_logits,
)
from scipy.stats import binomtest
from torch import nn

from tests.analysis import small

SETTINGS = {"schemes": ["single", "suffix", "prefix"], "sets": {"convs": ["conv*"]}}


@pytest.fixture(scope="module")
def images():
    return small.image_set()


@pytest.fixture(scope="module")
def targets(images):
    table = Targets.from_table(small.labels_of(images), images)
    return Targets(table.assigned.copy(), table.true.copy(), table.redrawn, table.held_out)


def snapshot(images, epoch, seed, name="vgg-small", width=2):
    state = small.network(images, seed, name, width).state_dict()
    return Snapshot(epoch, {key: value.clone() for key, value in state.items()}, "float32")


@pytest.fixture(scope="module")
def trio(images):
    return snapshot(images, 9, 0), [snapshot(images, 2, 1), snapshot(images, 5, 2)]


def rows_of(images, targets, trio, name="vgg-small", width=2, **settings):
    final, earlier = trio
    model = small.network(images, 3, name, width)
    settings = {**SETTINGS, "batch_norm": ["with-layer"], **settings}
    material = choose_material(images, targets, torch.device("cpu"))
    return rewind(model, list_layers(model), final, earlier, material, settings)


def one(rows, **wanted):
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1
    return found[0]


def test_plans_of_every_scheme(images):
    layers = list_layers(small.network(images))
    plans = make_plans(layers, [2], 9, SETTINGS["schemes"], {"head": ["fc[23]", "fc1"]})
    weighted = [layer.name for layer in layers if layer.state]
    by = {(plan.scheme, plan.layer): plan for plan in plans}
    assert len(plans) == 2 + 3 * len(weighted) + 1
    assert by["none", ""].rewound == frozenset()
    assert by["none", ""].epoch == 9
    assert by["all", ""].rewound == frozenset(weighted)
    assert by["single", "conv2_1"].rewound == {"conv2_1"}
    assert by["suffix", "fc1"].rewound == {"fc1", "fc2", "fc3"}
    assert by["prefix", "conv1_2"].rewound == {"conv1_1", "conv1_2"}
    assert by["set", "head"].rewound == {"fc1", "fc2", "fc3"}
    assert by["set", "head"].layer_index == next(x.index for x in layers if x.name == "fc1")


def test_set_that_names_no_layer(images):
    layers = list_layers(small.network(images))
    with pytest.raises(InputError, match="'fc9' matches no layer"):
        make_plans(layers, [2], 9, [], {"mine": ["fc9"]})


def test_states_take_each_layer_from_its_epoch(images, trio):
    final, (early, _) = trio
    model = small.network(images)
    layers = list_layers(model)
    plans = {plan.layer: plan for plan in make_plans(layers, [2], 9, ["single"], {})}
    mean, weight = "conv2_1.norm.running_mean", "conv2_1.norm.weight"
    assert not torch.equal(final.state[mean], early.state[mean])
    for policy, source in (("with-layer", early), ("recalibrate", early), ("keep", final)):
        states = states_for(policy, final.state, {2: early.state})
        state = combined(plans["conv2_1"], layers, states)
        assert set(state) == set(final.state)
        assert torch.equal(state["conv2_1.conv.weight"], early.state["conv2_1.conv.weight"])
        assert torch.equal(state[weight], early.state[weight])
        assert torch.equal(state[mean], source.state[mean])
        assert torch.equal(state["fc1.linear.weight"], final.state["fc1.linear.weight"])


@pytest.mark.parametrize(("name", "width"), [("vgg-small", 2), ("resnet18", 1), ("vgg16", 1)])
@pytest.mark.parametrize("policy", ["with-layer", "keep"])
def test_shared_computation_predicts_what_each_network_predicts(
    images, targets, monkeypatch, name, width, policy
):
    monkeypatch.setattr(module, "_BATCH", {"cpu": 50})
    final, early = (snapshot(images, 9 - i, i, name, width) for i in range(2))
    model = small.network(images, 0, name, width)
    layers = list_layers(model)
    plans = make_plans(layers, [8], 9, SETTINGS["schemes"], {})
    states = states_for(policy, final.state, {8: early.state})
    material = choose_material(images, targets, torch.device("cpu"))
    shared = predict(model, layers, plans, states, material)
    apart = module._predict_one_by_one(model, layers, plans, states, material)
    for (train, test), (train_apart, test_apart) in zip(shared, apart, strict=True):
        np.testing.assert_array_equal(train, train_apart)
        np.testing.assert_array_equal(test, test_apart)
    assert len({train.tobytes() for train, _ in shared}) > 10


def test_none_and_all_are_the_networks_as_trained(images, targets, trio):
    from geomem.training.evaluate import EvaluationSet

    final, earlier = trio
    rows = rows_of(images, targets, trio)
    everything = EvaluationSet.of(images, targets, torch.device("cpu"))
    model = small.network(images)
    for scheme, here in [("none", final), *(("all", early) for early in earlier)]:
        model.load_state_dict(here.state)
        measured = evaluate(model, everything)
        for kind in module.KINDS:
            row = one(rows, scheme=scheme, epoch=here.epoch, kind=kind)
            assert row["value"] == accuracy(measured, targets, kind)
            counted = binomtest(round(row["value"] * row["n"]), row["n"])
            expected = counted.proportion_ci(method="wilson")
            assert (row["lo"], row["hi"]) == pytest.approx(tuple(expected), abs=1e-12)


def test_rewinding_one_layer_or_the_longest_suffix(images, targets, trio):
    rows = rows_of(images, targets, trio)
    for kind in module.KINDS:
        for epoch in (2, 5):
            last = [
                one(rows, scheme=scheme, layer="fc3", epoch=epoch, kind=kind)["value"]
                for scheme in ("single", "suffix")
            ]
            assert last[0] == last[1]
            first = one(rows, scheme="suffix", layer="conv1_1", epoch=epoch, kind=kind)
            assert first["value"] == one(rows, scheme="all", epoch=epoch, kind=kind)["value"]


def test_recalibrated_statistics_are_those_of_the_training_images(images, targets):
    model = small.network(images)
    material = choose_material(images, targets, torch.device("cpu"))
    module._recalibrate(model, material)
    assert not model.training
    assert model.conv1_1.norm.momentum == 0.1
    with torch.no_grad():
        values = model.conv1_1.conv(material.normalizer(material.train))
    mean = values.mean((0, 2, 3))
    torch.testing.assert_close(model.conv1_1.norm.running_mean, mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        model.conv1_1.norm.running_var, values.var((0, 2, 3)), rtol=1e-2, atol=0
    )


def test_only_the_initialization_gets_statistics_measured(images):
    model = small.network(images)
    normalizer = Normalizer.fit(images.train_images)
    fresh = build_model(
        small.SPEC["model"], 2, n_classes=5, image_shape=images.image_shape, seed=0
    ).state_dict()
    first, later = (Snapshot(epoch, fresh, "float32") for epoch in (0, 1))
    assert with_statistics(model, later, images.train_images, normalizer) is later
    measured = with_statistics(model, first, images.train_images, normalizer).state
    changed = {key for key in fresh if not torch.equal(fresh[key], measured[key])}
    assert changed == {key for key in fresh if "running" in key or "tracked" in key}


def test_every_policy_gives_its_rows(images, targets, trio):
    policies = ["with-layer", "keep", "recalibrate"]
    rows = rows_of(images, targets, trio, schemes=["single"], batch_norm=policies)
    one_policy = len([row for row in rows if row["batch_norm"] == "keep"])
    assert len(rows) == 3 * one_policy
    assert [tuple(row) for row in rows] == [module.COLUMNS] * len(rows)


def test_subsets_of_training_images_are_nested(images, targets):
    few, more = (choose_material(images, targets, "cpu", count=count) for count in (10, 40))
    assert len(few.train) == len(few.targets.true) == 10
    assert len(more.train) == 40
    kept = {image.numpy().tobytes() for image in more.train}
    assert all(image.numpy().tobytes() in kept for image in few.train)
    assert few.normalizer == choose_material(images, targets, "cpu").normalizer
    for image, label in zip(few.train, few.targets.true, strict=True):
        matches = (images.train_images == image.numpy()).all(axis=(1, 2, 3))
        assert images.train_labels[matches] == label


class Wavering(nn.Module):
    """A head whose answer depends on how often it was asked, once it has begun to waver."""

    def __init__(self, n_classes):
        super().__init__()
        self.linear = nn.Linear(256, n_classes)
        self.calls, self.step = 0, 0

    def forward(self, images):
        self.calls += self.step
        return self.linear(images.flatten(1)).roll(self.calls, dims=1)


def test_a_network_that_does_not_reproduce_itself_is_refused(images, targets):
    from geomem.models.layers import find_layers

    model = nn.Sequential(Wavering(small.CLASSES)).eval()
    layers, _ = find_layers(model, torch.randn(3, *images.image_shape))
    model[0].step = 1
    states = [
        Snapshot(epoch, {k: v + epoch for k, v in model.state_dict().items()}, "float32")
        for epoch in (1, 2)
    ]
    material = choose_material(images, targets, torch.device("cpu"))
    settings = {**SETTINGS, "sets": {}, "batch_norm": ["with-layer"]}
    with pytest.raises(GeomemError, match=r"rewinding .* changes"):
        rewind(model, layers, states[1], states[:1], material, settings)


@pytest.mark.parametrize("policy", ["with-layer", "keep"])
@pytest.mark.parametrize("shared", ["module", "weight"])
def test_what_is_shared_goes_back_under_all_its_names(images, targets, policy, shared):
    """A convolution called twice, or two with one weight: as if its weights were loaded by hand."""
    from geomem.models.layers import find_layers

    torch.manual_seed(0)
    inner = nn.Conv2d(4, 4, 3, padding=1)
    other = inner if shared == "module" else nn.Conv2d(4, 4, 3, padding=1, bias=False)
    other.weight = inner.weight
    model = nn.Sequential(
        nn.Conv2d(images.image_shape[0], 4, 3), inner, nn.BatchNorm2d(4), nn.ReLU(), other,
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, small.CLASSES),
    ).eval()  # fmt: skip
    layers, _ = find_layers(model, torch.randn(3, *images.image_shape))
    first = {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    last = {k: v.clone() for k, v in model.state_dict().items()}
    material = choose_material(images, targets, torch.device("cpu"))
    settings = {"schemes": ["single"], "sets": {}, "batch_norm": [policy]}
    rows = rewind(
        model, layers, Snapshot(2, last, "float32"), [Snapshot(1, first, "float32")], material,
        settings,
    )  # fmt: skip
    model.load_state_dict(last)
    with torch.no_grad():
        inner.weight.copy_(first["1.weight"]), inner.bias.copy_(first["1.bias"])
        model[2].weight.copy_(first["2.weight"]), model[2].bias.copy_(first["2.bias"])
        if policy == "with-layer":
            model[2].running_mean.copy_(first["2.running_mean"])
            model[2].running_var.copy_(first["2.running_var"])
    found = {r["kind"]: r["value"] for r in rows if (r["scheme"], r["layer"]) == ("single", "1")}
    parts = (material.train, material.test)
    logits = [predict_logits(model, part, material.normalizer) for part in parts]
    answers = measure(*logits, material.targets)
    assert found == {kind: accuracy(answers, material.targets, kind) for kind in found}
    assert set(found) == {"unpermuted", "permuted", "restored", "test", "validation"}


class InPlaceFirst(nn.Module):
    """A block that begins by changing what it is given, so that doing it twice shows."""

    def __init__(self):
        super().__init__()
        self.layer_kind = "block"
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return self.conv(x.mul_(-1))


def test_blocks_that_work_in_place_do_not_meet(images, targets):
    """Variants of a block are given the same features, each as if it were alone."""
    from geomem.models.layers import find_layers

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(images.image_shape[0], 4, 3), InPlaceFirst(), InPlaceFirst(),
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, small.CLASSES),
    ).eval()  # fmt: skip
    layers, _ = find_layers(model, torch.randn(3, *images.image_shape))
    states = [
        {k: v + scale * torch.randn_like(v) for k, v in model.state_dict().items()}
        for scale in (0, 0.5)
    ]
    states = {1: states[0], None: states[1]}
    plans = make_plans(layers, [1], 2, SETTINGS["schemes"], {})
    material = choose_material(images, targets, torch.device("cpu"))
    shared = predict(model, layers, plans, states, material)
    apart = module._predict_one_by_one(model, layers, plans, states, material)
    for one_way, other in zip(shared, apart, strict=True):
        for found, expected in zip(one_way, other, strict=True):
            np.testing.assert_array_equal(found, expected)
