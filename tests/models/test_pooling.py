"""Layers whose tokens or positions are pooled before they are measured."""

import pytest
import torch
from geomem.errors import InputError
from geomem.models.build import _prepare
from geomem.models.chosen import with_pooling
from geomem.models.layers import list_layers, observe, select_layers
from torch import nn


class Tokens(nn.Module):
    """Patches of an image, tokens (n, 16, 6) after a convolution (n, 6, 4, 4)."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(1, 6, 2, 2)
        self.mix = nn.Linear(6, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, images):
        return self.head(self.mix(self.patches(images).flatten(2).movedim(1, 2))[:, 0])


@pytest.fixture
def network():
    torch.manual_seed(0)
    model = Tokens()
    _prepare("tokens", model, 3, (1, 8, 8))
    return model.eval()


IMAGES = torch.randn(7, 1, 8, 8, generator=torch.Generator().manual_seed(0))
TOKENS = [("first", lambda t: t[:, 0]), ("last", lambda t: t[:, -1]), (5, lambda t: t[:, 5])]
ANY = [("mean", lambda t: t.mean(1)), ("max", lambda t: t.amax(1)), ("none", lambda t: t)]


@pytest.mark.parametrize(("pooling", "expected"), TOKENS + ANY)
def test_tokens(network, pooling, expected):
    layers = with_pooling(list_layers(network), {"mix": pooling})
    seen = observe(network, layers, IMAGES)
    with torch.no_grad():
        tokens = network.mix(network.patches(IMAGES).flatten(2).movedim(1, 2))
    torch.testing.assert_close(seen["mix"], expected(tokens).flatten(1))
    [mix] = select_layers(layers, ["mix"])
    assert mix.features == seen["mix"].shape[1]
    assert seen["head"].shape == (7, 3) and seen["patches"].shape == (7, 96)


def test_positions(network):
    layers = with_pooling(list_layers(network), {"*": "mean"})
    seen = observe(network, layers, IMAGES)
    with torch.no_grad():
        expected = network.patches(IMAGES).mean((2, 3))
    torch.testing.assert_close(seen["patches"], expected)
    assert seen["head"].shape == (7, 3), "no tokens, no positions"


def test_the_last_name_that_matches_counts(network):
    layers = {x.name: x for x in with_pooling(list_layers(network), {"*": "mean", "mix": "none"})}
    assert layers["mix"].pooling == "none" and layers["mix"].shape == (16, 5)
    assert layers["patches"].pooling == "mean" and layers["patches"].shape == (6,)


@pytest.mark.parametrize(
    ("pooling", "words"),
    [
        ({"mox": "mean"}, r"analysis\.pooling: 'mox' matches no layer"),
        ({"patches": "first"}, r"'patches' has shape \(6, 4, 4\)"),
        ({"mix": 16}, "'mix' is token 16 of 16"),
        ({"head": "mean"}, r"'head' has shape \(3,\)"),
    ],
)
def test_what_does_not_fit(network, pooling, words):
    with pytest.raises(InputError, match=words):
        with_pooling(list_layers(network), pooling)
