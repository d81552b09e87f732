"""Layers whose tokens or positions are pooled before they are measured."""

import pytest
import torch
from geomem.errors import InputError
from geomem.models.build import _prepare
from geomem.models.chosen import analysed_layers, with_pooling
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


class Channels(nn.Module):
    """Maps in both orders: of convolutions (n, C, H, W), of linear maps (n, H, W, F)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.small = nn.MaxPool2d(2)
        self.within = marked(Turned())
        self.relu = marked(nn.ReLU())
        self.wide = nn.Linear(6, 7)
        self.window = marked(nn.Sequential(nn.LayerNorm(7), nn.Linear(7, 3)))
        self.gelu = marked(nn.GELU())
        self.line = nn.Conv1d(3, 5, 3, padding=1)
        self.bend = marked(nn.Tanh())
        self.patches = marked(Patches())
        self.head = nn.Linear(5, 3)

    def forward(self, images):
        maps = self.relu(self.within(self.small(self.conv(images))))
        positions = self.gelu(self.window(self.wide(maps.movedim(1, 3))))
        lines = self.bend(self.line(positions.flatten(1, 2).mT))
        return self.head(lines.mean(2) + self.patches(images)[:, 0])


class Turned(nn.Module):
    """Channels first at its output and linear in between, as a block of ConvNeXt is."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 3, padding=1)
        self.linear = nn.Linear(6, 6)

    def forward(self, maps):
        return maps + self.linear(self.conv(maps).movedim(1, 3)).movedim(3, 1)


class Patches(nn.Module):
    """Tokens (n, 16, 5) of a convolution, as a vision transformer begins."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 5, 2, 2)

    def forward(self, images):
        return self.conv(images).flatten(2).mT


def marked(module):
    module.layer_kind = "block"
    return module


@pytest.fixture(scope="module")
def channels():
    torch.manual_seed(1)
    model = Channels()
    _prepare("channels", model, 3, (1, 8, 8))
    return model.eval()


@pytest.mark.parametrize("how", ["mean", "max"])
@pytest.mark.parametrize(
    ("name", "shape", "axes"),
    [
        ("input", (1, 8, 8), (2, 3)),
        ("conv", (6, 8, 8), (2, 3)),
        ("small", (6, 4, 4), (2, 3)),
        ("within", (6, 4, 4), (2, 3)),
        ("within/conv", (6, 4, 4), (2, 3)),
        ("within/linear", (4, 4, 6), (1, 2)),
        ("relu", (6, 4, 4), (2, 3)),
        ("wide", (4, 4, 7), (1, 2)),
        ("window", (4, 4, 3), (1, 2)),
        ("gelu", (4, 4, 3), (1, 2)),
        ("line", (5, 16), (2,)),
        ("bend", (5, 16), (2,)),
        ("patches", (16, 5), (1,)),
    ],
)
def test_all_but_features_are_pooled(channels, name, shape, axes, how):
    [whole], _ = analysed_layers(channels, {"layers": [name]})
    [layer], _ = analysed_layers(channels, {"layers": [name], "pooling": {name: how}})
    assert whole.shape == shape
    output = observe(channels, [whole], IMAGES)[name].unflatten(1, shape)
    expected = output.mean(axes) if how == "mean" else output.amax(axes)
    seen = observe(channels, [layer], IMAGES)[name]
    torch.testing.assert_close(seen, expected)
    assert layer.features == seen.shape[1]


def test_tokens_are_chosen_where_features_are_last(channels):
    for how in ("first", "last", 2):
        layers = {x.name: x for x in with_pooling(list_layers(channels), {"*": how})}
        assert {x for x in layers if layers[x].pooling != "none"} == {"patches"}
        for name in ("line", "bend"):
            with pytest.raises(InputError, match=rf"'{name}' has shape \(5, 16\), channels first"):
                with_pooling(list_layers(channels), {name: how})
    with pytest.raises(InputError, match=r"'wide' has shape \(4, 4, 7\), to which 'first'"):
        with_pooling(list_layers(channels), {"wide": "first"})


class Windows(nn.Module):
    """Four windows of each image, folded into the batch of a convolution."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.head = nn.Linear(6, 3)

    def forward(self, images):
        windows = images.unfold(2, 4, 4).unfold(3, 4, 4).reshape(-1, 1, 4, 4)
        return self.head(self.conv(windows).mean((2, 3)).unflatten(0, (-1, 4)).mean(1))


def test_windows_of_a_convolution_are_pooled_with_its_positions():
    model = Windows()
    _prepare("windows", model, 3, (1, 8, 8))
    model.eval()
    [layer], _ = analysed_layers(model, {"layers": ["conv"], "pooling": {"conv": "mean"}})
    with torch.no_grad():
        found = model.conv(IMAGES.unfold(2, 4, 4).unfold(3, 4, 4).reshape(-1, 1, 4, 4))
    expected = found.unflatten(0, (7, 4)).mean((1, 3, 4))
    torch.testing.assert_close(observe(model, [layer], IMAGES)["conv"], expected)


def test_networks_of_others_have_one_number_for_each_feature():
    vision = pytest.importorskip("torchvision.models")
    settings = vision.convnext.CNBlockConfig
    nets = {
        "convnext": vision.ConvNeXt([settings(8, 16, 1), settings(16, None, 1)], num_classes=3),
        "swin": vision.SwinTransformer([2, 2], 8, [2], [1], [4, 4], num_classes=3),
        "vit": vision.VisionTransformer(16, 4, 1, 2, 12, 20, num_classes=3),
    }
    for name, model in nets.items():
        size = 16 if name == "vit" else 32
        _prepare(name, model, 3, (3, size, size))
        for layer in with_pooling(list_layers(model.eval()), {"*": "mean"})[1:]:
            module = model.get_submodule(layer.module)
            widths = [getattr(module, x, 0) for x in ("out_channels", "out_features", "embed_dim")]
            if layer.kind != "pool":
                assert layer.features == max(widths), (name, layer)
