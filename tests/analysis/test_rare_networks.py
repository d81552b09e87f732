"""Networks of users' own that are analysed otherwise than they look."""

import numpy as np
import pytest
import torch
from geomem.analysis.gradients import split_gradients
from geomem.analysis.networks import Snapshot
from geomem.analysis.plans import states_for
from geomem.analysis.probing import outputs
from geomem.analysis.rewind import choose_material, rewind
from geomem.models import build_model, list_layers
from geomem.training.batches import Normalizer
from geomem.training.evaluate import Targets
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from tests.analysis import small

SIZE = 16
IMAGES = small.image_set()
LABELS = small.labels_of(IMAGES)
TARGETS = Targets.from_table(LABELS, IMAGES)
NORMALIZER = Normalizer.fit(IMAGES.train_images)


class Rows(nn.Module):
    """Rows of an image one after another, from a state that is one for all images."""

    def __init__(self, n_classes):
        super().__init__()
        self.ih, self.hh = nn.Linear(SIZE, 8), nn.Linear(8, 8)
        self.head = nn.Linear(8, n_classes)

    def forward(self, x):
        state = torch.zeros(1, 8)
        for row in x[:, 0].unbind(1):
            state = torch.tanh(self.ih(row) + self.hh(state))
        return self.head(state)


class Cosine(nn.Linear):
    """Logits are 16 times the cosines of features and weights."""

    def forward(self, x):
        return 16 * functional.linear(functional.normalize(x), functional.normalize(self.weight))


class Named(nn.Linear):
    """A linear map under another name."""


def rows(*, width, n_classes, image_shape):
    return Rows(n_classes)


def lipschitz(*, width, n_classes, image_shape):
    maps = spectral_norm(nn.Linear(SIZE * SIZE, 8)), spectral_norm(nn.Linear(8, 8))
    return nn.Sequential(
        nn.Flatten(), maps[0], nn.BatchNorm1d(8), nn.ReLU(), maps[1], nn.ReLU(),
        nn.Linear(8, n_classes),
    )  # fmt: skip


def ended_by(linear):
    return nn.Sequential(nn.Flatten(), nn.Linear(SIZE * SIZE, 8), nn.ReLU(), linear).eval()


def network(function, seed=0):
    spec = {"name": f"{__name__}:{function}"}
    shape = IMAGES.image_shape
    return build_model(spec, 8, n_classes=small.CLASSES, image_shape=shape, seed=seed).eval()


def copied(model):
    return {key: value.clone() for key, value in model.state_dict().items()}


def trained(function):
    """The states of a network after 10 and after 60 steps, and the network."""
    model, states = network(function).train(), []
    inputs, labels = NORMALIZER(torch.from_numpy(IMAGES.train_images)), IMAGES.train_labels
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for steps in (10, 50):
        for _ in range(steps):
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs), torch.from_numpy(labels)).backward()
            optimizer.step()
        states.append(copied(model))
    return *states, model.eval()


def rewound(model, final, earlier, policies):
    material = choose_material(IMAGES, TARGETS, torch.device("cpu"))
    final, earlier = Snapshot(9, final, "float32"), Snapshot(2, earlier, "float32")
    settings = {"schemes": ["single"], "sets": {}, "batch_norm": policies}
    return rewind(model, list_layers(model), final, [earlier], material, settings)


def test_weights_whose_first_call_has_no_image_are_rewound_and_have_gradients():
    model = network("rows")
    table = split_gradients(model, list_layers(model), IMAGES, LABELS, NORMALIZER, epoch=1)
    of_weights = ["ih", "hh:2", "head"]
    assert list(dict.fromkeys(row["layer"] for row in table)) == of_weights
    of_hh = [row for row in table if row["layer"] == "hh:2" and row["metric"] == "norm"]
    assert of_hh and all(row["value"] > 0 for row in of_hh)
    final, earlier = copied(model), copied(network("rows", seed=1))
    single = [
        row
        for row in rewound(model, final, earlier, ["with-layer"])
        if row["scheme"] == "single" and row["kind"] == "test"
    ]
    assert [row["layer"] for row in single] == of_weights
    one = next(row for row in single if row["layer"] == "hh:2")
    model.load_state_dict({k: (earlier if k.startswith("hh.") else final)[k] for k in final})
    with torch.no_grad():
        found = model(NORMALIZER(torch.from_numpy(IMAGES.test_images))).argmax(1).numpy()
    expected = (found == IMAGES.test_labels)[~TARGETS.validation]
    right = np.unpackbits(np.frombuffer(one["correct"], np.uint8))[: len(expected)]
    np.testing.assert_array_equal(right, expected)
    assert one["n"] == len(expected)


@pytest.mark.parametrize("policy", ["with-layer", "keep"])
def test_a_spectral_norm_goes_back_with_its_weights_whatever_batch_norm_does(policy):
    """Its vectors are of the weights: with those of others the norm would be another."""
    earlier, final, model = trained("lipschitz")
    state = states_for(policy, final, {2: earlier})[2]
    for position in (1, 4):
        own = [key for key in state if key.startswith(f"{position}.")]
        assert len(own) == 4 and all(torch.equal(state[key], earlier[key]) for key in own)
        model.load_state_dict(state)
        norm = torch.linalg.matrix_norm(model[position].weight, 2).item()
        assert norm == pytest.approx(1, abs=0.1), "with the final vectors it would be 2"
    running = ("2.running_mean", "2.running_var", "2.num_batches_tracked")
    assert all(not torch.equal(final[key], earlier[key]) for key in running)
    source = final if policy == "keep" else earlier
    assert all(torch.equal(state[key], source[key]) for key in running)
    assert torch.equal(state["2.weight"], earlier["2.weight"])
    assert rewound(model, final, earlier, [policy]), "the check of predictions passes"


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", [nn.Linear, Named])
def test_the_linear_map_that_ends_a_network_is_found(kind, bias):
    model = ended_by(kind(8, small.CLASSES, bias=bias))
    logits, inputs, (weights, offset) = outputs(model, NORMALIZER, IMAGES.test_images)
    np.testing.assert_allclose(inputs @ weights.T + offset, logits, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_a_head_of_cosines_is_not_the_linear_map_of_its_weights(bias):
    model = ended_by(Cosine(8, small.CLASSES, bias=bias))
    logits, inputs, linear = outputs(model, NORMALIZER, IMAGES.test_images)
    assert logits.shape == (len(IMAGES.test_images), small.CLASSES)
    assert inputs is None and linear is None
