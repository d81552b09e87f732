"""Rewinding parts of blocks agrees with rewinding the blocks where it must."""

import numpy as np
import pytest
import torch
from geomem.analysis.networks import Snapshot
from geomem.analysis.plans import combined, make_plans, states_for
from geomem.analysis.rewind import choose_material, predict, rewind
from geomem.errors import InputError
from geomem.models.inner import inner_layers
from geomem.models.layers import list_layers
from geomem.training.evaluate import Targets

from tests.analysis.small import image_set, labels_of, network

SETTINGS = {"schemes": ["single", "suffix"], "sets": {}, "batch_norm": ["with-layer"]}


@pytest.fixture(scope="module")
def rewound():
    """Predictions of all plans over blocks and over their parts, by (scheme, layer)."""
    images = image_set(shape=(3, 16, 16))
    targets = Targets.from_table(labels_of(images), images)
    material = choose_material(images, targets, torch.device("cpu"), count=40)
    final, earlier = (network(images, seed, name="resnet18").state_dict() for seed in (0, 1))
    model = network(images, name="resnet18")
    states = states_for("with-layer", final, {2: earlier})
    sets = {"whole": ["block2_1/*"], "shortcuts": ["*/shortcut*"]}
    found = {}
    for which, layers in (("coarse", list_layers(model)), ("inner", inner_layers(model))):
        plans = make_plans(layers, [2], 9, SETTINGS["schemes"], sets if which == "inner" else {})
        predicted = predict(model, layers, plans, states, material)
        found[which] = {
            (plan.scheme, plan.layer): np.concatenate(each)
            for plan, each in zip(plans, predicted, strict=True)
        }
        if which == "inner":
            for plan, each in zip(plans[::7], predicted[::7], strict=True):  # one at a time
                model.load_state_dict(combined(plan, layers, states))
                alone = predict_alone(model, material)
                np.testing.assert_array_equal(np.concatenate(each), alone)
    return found


def predict_alone(model, material):
    with torch.no_grad():
        classes = [
            model(material.normalizer(part)).argmax(1) for part in (material.train, material.test)
        ]
    return torch.cat(classes).numpy()


def test_a_suffix_from_a_blocks_first_part_is_that_from_the_block(rewound):
    coarse, inner = rewound["coarse"], rewound["inner"]
    blocks = [layer for scheme, layer in coarse if scheme == "suffix" and "block" in layer]
    assert len(blocks) == 8
    for block in blocks:
        expected = coarse["suffix", block]
        np.testing.assert_array_equal(inner["suffix", f"{block}/conv1"], expected)
    for name in ("conv1", "classifier"):
        for scheme in ("single", "suffix"):
            np.testing.assert_array_equal(inner[scheme, name], coarse[scheme, name])
    for whole in (("none", ""), ("all", "")):
        np.testing.assert_array_equal(inner[whole], coarse[whole])


def test_all_parts_of_a_block_are_the_block(rewound):
    whole = rewound["inner"]["set", "whole"]
    np.testing.assert_array_equal(whole, rewound["coarse"]["single", "block2_1"])


def test_parts_differ_from_their_block(rewound):
    inner, coarse = rewound["inner"], rewound["coarse"]
    changed = [
        (inner["single", f"block2_1/{part}"] != coarse["single", "block2_1"]).any()
        for part in ("conv1", "conv2", "shortcut.conv")
    ]
    assert any(changed)
    assert ("single", "block2_1") not in inner, "it has no weights besides its parts'"


def test_the_schemes_go_over_the_layers_asked_for():
    images = image_set(shape=(3, 16, 16))
    layers = inner_layers(network(images, name="resnet18"))
    plans = make_plans(layers, [2], 9, ["suffix"], {}, ["*/conv2"])
    assert [plan.layer for plan in plans if plan.scheme == "suffix"] == [
        f"block{stage}_{position}/conv2" for stage in (1, 2, 3, 4) for position in (1, 2)
    ]
    last = plans[-1]
    assert last.rewound == {"block4_2/conv2", "classifier"}, "all after it, asked for or not"
    with pytest.raises(InputError, match=r"rewind.layers: 'block9/\*' matches no layer"):
        make_plans(layers, [2], 9, ["single"], {}, ["block9/*"])


def test_the_table(rewound):
    images = image_set(shape=(3, 16, 16))
    targets = Targets.from_table(labels_of(images), images)
    material = choose_material(images, targets, torch.device("cpu"), count=20)
    states = [network(images, seed, name="resnet18").state_dict() for seed in (0, 1)]
    final, earlier = (
        Snapshot(epoch, state, "float32") for epoch, state in zip((9, 2), states, strict=True)
    )
    model = network(images, name="resnet18")
    settings = {**SETTINGS, "layers": ["block2_1/*"], "schemes": ["single"]}
    rows = rewind(model, inner_layers(model), final, [earlier], material, settings)
    names = {row["layer"] for row in rows if row["scheme"] == "single"}
    assert names == {"block2_1/conv1", "block2_1/conv2", "block2_1/shortcut.conv"}
