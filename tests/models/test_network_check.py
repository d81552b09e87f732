"""Networks as users write them: right, or one message before the first step of training."""

import math
import random
import sys

import numpy as np
import pytest
import torch
from geomem.errors import InputError
from geomem.models import build_model, list_layers, observe
from geomem.training.recipe import Recipe
from geomem.training.rehearsal import rehearse
from torch import nn
from torch.nn import functional as F

SHAPE, CLASSES = (1, 16, 16), 4
RECIPE = Recipe.read({"epochs": 1, "batch_size": 8, "optimizer": {"name": "adam", "lr": 0.01}})


class Net(nn.Module):
    """A forward pass written as a function of the module and the images."""

    def __init__(self, forward, **modules):
        super().__init__()
        for name, value in modules.items():
            setattr(self, name, value)
        self.run = forward

    def forward(self, x):
        return self.run(self, x)


def tried(monkeypatch, make):
    """The network that `make` returns, built and rehearsed as by the job that trains it."""
    monkeypatch.setattr(sys.modules[__name__], "made", lambda **_: make(), raising=False)
    spec = {"name": f"{__name__}:made"}
    model = build_model(spec, 1, n_classes=CLASSES, image_shape=SHAPE, seed=0)
    rehearse(
        spec, 1, RECIPE, n_classes=CLASSES, image_shape=SHAPE, device=torch.device("cpu")
    )  # fmt: skip
    return model.eval()


def conv(inputs=1, outputs=4):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def head(features=16):
    return nn.Linear(features, CLASSES)


def pooled(x, size=2):
    return F.adaptive_avg_pool2d(x, size).flatten(1)


class Transformer(nn.Module):
    def __init__(self, batch_first):
        super().__init__()
        self.batch_first = batch_first
        self.patch = nn.Conv2d(1, 8, 4, stride=4)
        self.block = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=batch_first)
        self.head = head(8)

    def forward(self, x):
        x = self.patch(x).flatten(2)
        x = self.block(x.permute(0, 2, 1) if self.batch_first else x.permute(2, 0, 1))
        return self.head(x.mean(1 if self.batch_first else 0))


def windows(x, window_first, size=8):
    """Windows of images (n, C, H, W) folded into the batch: (n * windows, C, size, size)."""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // size, size, w // size, size)
    x = x.permute(2, 4, 0, 1, 3, 5) if window_first else x.permute(0, 2, 4, 1, 3, 5)
    return x.reshape(-1, c, size, size)


def unwindowed(x, n, window_first):
    x = x.reshape(-1, n, *x.shape[1:]).movedim(1, 0) if window_first else x.reshape(
        n, -1, *x.shape[1:]
    )  # fmt: skip
    return x.flatten(1)


def windowed(window_first, zero=False):
    inner = conv()
    if zero:
        nn.init.zeros_(inner.weight), nn.init.zeros_(inner.bias)

    def forward(self, x):
        y = self.inner(windows(x, window_first))
        y = unwindowed(y, len(x), window_first)
        return self.head(y.view(len(x), 4, -1).mean(2))

    return Net(forward, inner=inner, head=head(4))


def folded(axis, before, after):
    """A linear map of tokens (before, n, after) folded into dimension `axis`."""

    def forward(self, x):
        tokens = x.reshape(len(x), before, after, -1).permute(1, 0, 2, 3).reshape(
            before * len(x) * after, -1
        )  # fmt: skip
        y = self.map(tokens if axis == 0 else tokens[None].expand(3, -1, -1))
        y = y if axis == 0 else y.mean(0)
        y = y.reshape(before, len(x), after, -1).permute(1, 0, 2, 3)
        return self.head(y.mean((1, 2)))

    return Net(forward, map=nn.Linear(256 // (before * after), 6), head=head(6))


# Network, layer, and the layer's features image by image, by running single images.
LAYOUTS = {
    "tokens first": (lambda: Transformer(False), "block.linear1"),
    "images first": (lambda: Transformer(True), "block.linear1"),
    "windows behind images": (lambda: windowed(False), "inner"),
    "windows in front of images": (lambda: windowed(True), "inner"),
    "zero weights": (lambda: windowed(True, zero=True), "inner"),
    **{
        f"folded {axis} {before} {after}": (
            lambda a=axis, b=before, c=after: folded(a, b, c),
            "map",
        )
        for axis in (0, 1)
        for before, after in ((1, 1), (4, 1), (1, 4), (2, 4), (4, 2), (2, 2))
    },
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_images_are_told_apart(monkeypatch, case):
    """What is observed of a batch is what is observed of its images one at a time."""
    make, name = LAYOUTS[case]
    model = tried(monkeypatch, make)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    layers = [layer for layer in list_layers(model) if layer.name == name]
    images = torch.randn(7, *SHAPE)
    together = observe(model, layers, images)[name]
    assert together.shape == (7, layers[0].features)
    outputs = []
    model.get_submodule(name).register_forward_hook(lambda m, i, o: outputs.append(o))
    for image, features in zip(images, together, strict=True):
        model(image[None])
        torch.testing.assert_close(features, outputs[-1].flatten(), rtol=1e-4, atol=1e-5)


def shared_relu():
    act, pool = nn.ReLU(inplace=True), nn.MaxPool2d(2)
    return nn.Sequential(conv(), act, pool, conv(4), act, pool, nn.Flatten(), head(64))


def twice():
    inner = conv(4)
    return nn.Sequential(conv(), inner, nn.ReLU(), inner, nn.MaxPool2d(8), nn.Flatten(), head())


def tied_weights():
    first, second = conv(4), conv(4)
    second.weight = first.weight
    return nn.Sequential(conv(), first, nn.ReLU(), second, nn.MaxPool2d(8), nn.Flatten(), head())


def frozen():
    first = conv()
    first.requires_grad_(False)
    return nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(8), nn.Flatten(), head())


def viewed():
    return Net(
        lambda self, x: self.head(F.max_pool2d(self.conv(x), 8).view(len(x), -1)),
        conv=conv(), head=head(),
    )  # fmt: skip


def volume():
    return Net(
        lambda self, x: self.head(F.relu(self.conv(x[:, None])).mean((3, 4)).flatten(1)),
        conv=nn.Conv3d(1, 4, 3, padding=1), head=head(4),
    )  # fmt: skip


def mapped_embedding():
    """A linear map of an embedding: its output has no image in it."""
    return Net(
        lambda self, x: self.head(pooled(self.conv(x)) + self.map(self.embedding)[0]),
        conv=conv(), map=nn.Linear(5, 16), embedding=nn.Parameter(torch.ones(1, 5)), head=head(),
    )  # fmt: skip


def weight_normed():
    return nn.Sequential(
        nn.utils.parametrizations.weight_norm(conv()), nn.MaxPool2d(8), nn.Flatten(), head()
    )


def norms_and_dropouts():
    return nn.Sequential(
        conv(), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout2d(0.3), nn.MaxPool2d(8), nn.Flatten(),
        nn.LayerNorm(16), nn.AlphaDropout(0.2), head(),
    )  # fmt: skip


def dropout_while_training():
    return Net(
        lambda self, x: self.head(F.dropout(pooled(self.conv(x)), 0.5, self.training)),
        conv=conv(), head=head(),
    )  # fmt: skip


def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(CLASSES))


def double():
    return Net(
        lambda self, x: self.head(pooled(self.conv(x.double()))).float(),
        conv=conv().double(), head=head().double(),
    )  # fmt: skip


RIGHT = (
    shared_relu, twice, tied_weights, frozen, viewed, volume, mapped_embedding, weight_normed,
    norms_and_dropouts, dropout_while_training, lazy, double,
)  # fmt: skip


@pytest.mark.parametrize("make", RIGHT, ids=lambda make: make.__name__)
@pytest.mark.filterwarnings("ignore::UserWarning:torch.nn.modules.lazy")
def test_right(monkeypatch, capsys, make):
    model = tried(monkeypatch, make)
    layers = list_layers(model)
    keys = [key for layer in layers for key in layer.state]
    assert sorted(keys) == sorted(model.state_dict())  # every key has one layer
    assert "warning" not in capsys.readouterr().err


def test_names_of_one_tensor_belong_to_one_layer(monkeypatch):
    for make, names in (
        (twice, {"1.weight", "3.weight"}),
        (tied_weights, {"1.weight", "3.weight"}),
    ):
        layers = list_layers(tried(monkeypatch, make))
        assert [names <= set(layer.state) for layer in layers].count(True) == 1


class Counter(nn.Module):
    """Something that depends on earlier batches."""

    def __init__(self, persistent, while_training):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()), persistent=persistent)
        self.while_training = while_training

    def forward(self, x):
        if self.training or not self.while_training:
            self.seen += 1
        return x + 0.01 * self.seen


def with_part(part):
    return nn.Sequential(conv(), part, nn.MaxPool2d(8), nn.Flatten(), head())


class Kept(nn.BatchNorm2d):
    """A norm that nobody can put in evaluation mode."""

    def train(self, mode=True):
        return super().train(True)


class Noisy(nn.Module):
    def __init__(self, draw, always=True):
        super().__init__()
        self.draw, self.always = draw, always

    def forward(self, x):
        return x * (1 + 0.1 * self.draw()) if self.always or self.training else x


def ended(end, **modules):
    return Net(lambda self, x: end(self, pooled(self.conv(x))), conv=conv(), head=head(), **modules)


def parts_of_one_memory():
    net = shared_relu()
    net[0].bias = nn.Parameter(net[0].weight.data.view(-1)[:4])
    return net


def one_memory():
    net = nn.Sequential(conv(), conv(4), conv(4), nn.MaxPool2d(8), nn.Flatten(), head())
    net[2].weight = nn.Parameter(net[1].weight.data)
    return net


GENERATOR = np.random.default_rng(0)
REFUSED = {
    "dropout": (
        lambda: ended(lambda self, x: self.head(F.dropout(x, 0.5))), "depends on chance"
    ),
    "rare dropout": (
        lambda: ended(lambda self, x: self.head(F.dropout(x, 1e-6))), "depends on chance"
    ),
    "numpy": (lambda: with_part(Noisy(np.random.rand)), "depends on chance"),
    "random": (lambda: with_part(Noisy(random.random)), "depends on chance"),
    "a generator": (lambda: with_part(Noisy(GENERATOR.random)), "depends on chance"),
    "random in training": (lambda: with_part(Noisy(random.random, False)), "no seed of the run"),
    "numpy in training": (lambda: with_part(Noisy(np.random.rand, False)), "no seed of the run"),
    "a generator in training": (
        lambda: with_part(Noisy(GENERATOR.random, False)), "differs in .* without a break"
    ),
    "batch statistics": (
        lambda: with_part(nn.BatchNorm2d(4, track_running_stats=False)), "joins the images"
    ),
    "norm kept in training mode": (lambda: with_part(Kept(4)), "buffer '1.running_mean' changes"),
    "centred by the batch": (
        lambda: ended(lambda self, x: self.head(x - x.mean(0))), "layer 'head'.*joins the images"
    ),
    "softmax over images": (
        lambda: ended(lambda self, x: self.head(x).log_softmax(0)), "logits of an image depend"
    ),
    "counts in evaluation": (lambda: with_part(Counter(True, False)), "buffer '1.seen' changes"),
    "forgets what it counts": (
        lambda: with_part(Counter(False, True)), "differs in .* without a break"
    ),
    "attention between images": (
        lambda: Net(
            lambda self, x: self.head(self.map((y := pooled(self.conv(x))) @ y.T)[:, :4]),
            conv=conv(), map=nn.LazyLinear(4), head=head(4),
        ),
        "cannot process",
    ),
    "an image at a time": (
        lambda: Net(
            lambda self, x: self.head(torch.cat([pooled(self.conv(image[None])) for image in x])),
            conv=conv(), head=head(),
        ),
        "how often layer 'conv' is called depends on the images",
    ),
    "similarities": (
        lambda: Net(
            lambda self, x: self.head(self.same((y := pooled(self.conv(x))) @ y.T).mean() + y),
            conv=conv(), same=nn.AvgPool1d(1), head=head(),
        ),
        r"layer 'same' .*shape \(2, 2\) for 2 images and \(3, 3\) for 3",
    ),
    "two heads": (lambda: ended(lambda self, x: (self.head(x), x)), "returns tuple"),
    "two heads in training": (
        lambda: ended(lambda self, x: (self.head(x), x) if self.training else self.head(x)),
        "returns tuple for 2 images in training mode",
    ),
    "a mapping in training": (
        lambda: ended(lambda self, x: {"out": self.head(x)} if self.training else self.head(x)),
        "returns dict for 2 images in training mode",
    ),
    "features in training": (
        lambda: ended(lambda self, x: x if self.training else self.head(x)),
        r"returns \(2, 16\) for 2 images in training mode",
    ),
    "fails in training": (
        lambda: ended(lambda self, x: self.nothing(x) if self.training else self.head(x)),
        "training mode on 2 images failed: AttributeError.*nothing",
    ),
    "probabilities": (lambda: ended(lambda self, x: self.head(x).softmax(1)), "probabilities"),
    "bfloat16": (
        lambda: Net(
            lambda self, x: self.net(x.bfloat16()).float(),
            net=nn.Sequential(conv(), nn.MaxPool2d(8), nn.Flatten(), head()).bfloat16(),
        ),
        "'net.0.weight'.* is torch.bfloat16; expected float32",
    ),
    "all frozen": (lambda: shared_relu().requires_grad_(False), "no parameter .* requires_grad"),
    "cut from the weights": (
        lambda: ended(lambda self, x: self.head(x).detach()), "a step of training failed"
    ),
    "parts of one memory": (parts_of_one_memory, "0.weight and 0.bias .* in the same memory"),
    "one memory": (one_memory, "1.weight and 2.weight .* in the same memory"),
    "compiled by torch.jit": (
        lambda: torch.jit.trace(shared_relu(), torch.zeros(2, *SHAPE)), "compiled by torch.jit"
    ),
    "images last": (lambda: ended(lambda self, x: self.head(x).T), "images in dimension 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.filterwarnings("ignore::UserWarning:torch.nn.modules.lazy")
@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_refused_before_the_first_step(monkeypatch, case):
    make, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        tried(monkeypatch, make)


def test_training_mode_that_answers_otherwise_is_told(monkeypatch, capsys):
    tried(monkeypatch, lambda: ended(lambda self, x: self.head(x) * (3 if self.training else 1)))
    assert "warning: model.name" in capsys.readouterr().err


def test_the_trained_network_is_not_touched():
    """Rehearsing leaves the random state alone, and building twice gives the same bits."""
    torch.manual_seed(5)
    before = torch.get_rng_state()
    rehearse(
        {"name": "vgg-small"}, 2, RECIPE, n_classes=CLASSES, image_shape=(3, 32, 32),
        device=torch.device("cpu"),
    )  # fmt: skip
    assert torch.equal(torch.get_rng_state(), before)
    assert math.isfinite(torch.rand(()).item())
