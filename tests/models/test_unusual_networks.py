"""Rarer networks: right image by image, or refused by a message that says what to change."""

import pytest
import torch
from geomem.errors import InputError
from geomem.models import list_layers, observe
from geomem.models.checks import noise_images
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune

from tests.models.test_network_check import CLASSES, SHAPE, Net, conv, ended, head, pooled, tried


class Part(nn.Module):
    """A module with a name for its kind, so that it is one layer."""

    def __init__(self, forward):
        super().__init__()
        self.layer_kind, self.run = "part", forward

    def forward(self, x):
        return self.run(x)


def with_block(forward, after=lambda y: y):
    return Net(
        lambda self, x: self.head(pooled(after(self.part(self.conv(x))))),
        conv=conv(), part=Part(forward), head=head(),
    )  # fmt: skip


class Unregistered(nn.Module):
    def __init__(self, keep):
        super().__init__()
        self.conv, self.head, self.kept = conv(), head(), keep(nn.Linear(16, 16))

    def forward(self, x):
        inner = self.kept["x"] if isinstance(self.kept, dict) else self.kept[0]
        return self.head(inner(pooled(self.conv(x))))


class ForgetsReturn(nn.Sequential):
    def train(self, mode=True):
        super().train(mode)


class Logistic(nn.Linear):
    def forward(self, x):
        return super().forward(x.flatten(1))


def sorted_by_brightness(self, x):
    order = x.mean((1, 2, 3)).argsort()
    return self.head(pooled(self.conv(x[order]))[order.argsort()])


def named(name, module):
    net = nn.Sequential()
    for key, part in (("conv", conv()), (name, module), ("pool", nn.MaxPool2d(8)),
                      ("flat", nn.Flatten()), ("head", head())):  # fmt: skip
        net.add_module(key, part)
    return net


def called_twice_beside(name):
    inner = conv(4)
    net = Net(
        lambda self, x: self.head(pooled(self.a(self.a(getattr(self, name)(self.first(x)))))),
        first=conv(), a=inner, head=head(),
    )  # fmt: skip
    net.add_module(name, conv(4))
    return net


def experts(choice):
    def forward(self, x):
        y = pooled(self.conv(x))
        first = choice(x)
        z = torch.empty_like(y)
        z[first], z[~first] = self.a(y[first]), self.b(y[~first])
        return self.head(z)

    return Net(forward, conv=conv(), a=nn.Linear(16, 16), b=nn.Linear(16, 16), head=head())


def leaves_early(bound):
    return Net(
        lambda self, x: self.head(
            self.more(pooled(self.conv(x))) if x.mean() < bound else pooled(self.conv(x))
        ),
        conv=conv(), more=nn.Linear(16, 16), head=head(),
    )  # fmt: skip


class RandomFeatures(nn.Module):
    """Projections drawn at random and kept otherwise than as parameters."""

    def __init__(self, keep):
        super().__init__()
        keep(self, torch.randn(SHAPE[1] * SHAPE[2], 16) / 16)
        self.mid, self.head = nn.Linear(16, 16), head()

    def forward(self, x):
        return self.head(self.mid(torch.cos(x.flatten(1) @ self.drawn)).relu())


def drawn(keep):
    return lambda: RandomFeatures(keep)


class Merged(nn.Linear):
    """As `loralib.Linear`: in evaluation mode a product of two factors is added to the weight."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.weight.requires_grad_(False)
        self.right = nn.Parameter(torch.randn(4, inputs) / 16)
        self.left = nn.Parameter(torch.zeros(outputs, 4))
        self.merged = False

    def train(self, mode=True):
        if mode == self.merged:
            change = self.left.data @ self.right.data
            self.weight.data += -change if mode else change
            self.merged = not mode
        return super().train(mode)

    def forward(self, x):
        y = F.linear(x, self.weight, self.bias)
        return y if self.merged else y + x @ self.right.T @ self.left.T


def merging():
    return nn.Sequential(nn.Flatten(), Merged(SHAPE[1] * SHAPE[2], 16), nn.ReLU(), head())


IN_ANOTHER = r"same weights in another network.*persistent buffers, and do not change weights"
REFUSED = {
    "drawn and not saved": (
        drawn(lambda net, values: net.register_buffer("drawn", values, persistent=False)),
        IN_ANOTHER,
    ),
    "drawn and a plain attribute": (
        drawn(lambda net, values: setattr(net, "drawn", values)), IN_ANOTHER
    ),
    "weights that eval changes": (merging, IN_ANOTHER),
    "largest value of the batch": (
        lambda: ended(lambda self, x: self.head(x / x.abs().max())), "joins the images"
    ),
    "mean of the batch": (
        lambda: ended(lambda self, x: self.head(x - x.mean())), "joins the images"
    ),
    "sorted": (lambda: Net(sorted_by_brightness, conv=conv(), head=head()), "joins the images"),
    "reversed": (
        lambda: Net(lambda self, x: self.head(pooled(self.conv(x.flip(0))).flip(0)),
                    conv=conv(), head=head()),
        "'conv' belongs to which image",
    ),
    "place in the batch": (
        lambda: ended(lambda self, x: self.head(x + torch.arange(len(x))[:, None])),
        "depends on the others",
    ),
    "squeeze": (
        lambda: Net(lambda self, x: self.head(F.adaptive_avg_pool2d(self.conv(x), 1).squeeze()),
                    conv=conv(), head=head(4)),
        r"\(4,\) for one, expected \(1, 4\) \(squeeze\(\)",
    ),
    "in place": (
        lambda: Net(lambda self, x: self.head(pooled(self.conv(x.mul_(2)))),
                    conv=conv(), head=head()),
        "changes the images that it is given in place",
    ),
    "complex": (lambda: with_block(torch.fft.fft2, torch.abs), "a tensor of torch.complex64"),
    "sparse": (
        lambda: with_block(lambda x: x.to_sparse(), lambda y: y.to_dense()), "torch.sparse_coo"
    ),
    "complex logits": (
        lambda: ended(lambda self, x: torch.complex(self.head(x), self.head(x))), "complex64"
    ),
    "not finite": (lambda: ended(lambda self, x: self.head(x) / 0), "logits that are not finite"),
    "in a list": (lambda: Unregistered(lambda m: [m]), r"a Linear is called .*ModuleList"),
    "in a dict": (lambda: Unregistered(lambda m: {"x": m}), r"a Linear is called .*ModuleList"),
    "train without return": (
        lambda: ForgetsReturn(conv(), nn.MaxPool2d(8), nn.Flatten(), head()), "return self"
    ),
    "only a layer": (
        lambda: Logistic(SHAPE[1] * SHAPE[2], CLASSES), "network itself is a layer .linear"
    ),
    "called input": (lambda: named("input", conv(4)), "'input', which is that of the images"),
    "called like a second call": (
        lambda: called_twice_beside("a:2"), "'a:2', which is that of another layer"
    ),
    "slash": (lambda: named("stem/conv", conv(4)), "'stem/conv' has a slash"),
    "experts": (lambda: experts(lambda x: x.abs().amax((1, 2, 3)) > 9), r"layer '[ab]'"),
    "loop": (
        lambda: Net(
            lambda self, x: self.head(
                torch.cat([self.mix(part) for part in pooled(self.conv(x)).split(1)])
            ),
            conv=conv(), mix=nn.Linear(16, 16), head=head(),
        ),
        "how often layer 'mix' is called depends on the images",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.filterwarnings("ignore:.*Sparse")
def test_refused(monkeypatch, case):
    make, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        tried(monkeypatch, make)


def rows_of_an_image():
    return Net(
        lambda self, x: self.head(self.mid(self.lstm(x.flatten(1, 2).transpose(0, 1))[0])[-1]),
        lstm=nn.LSTM(SHAPE[2], 8), mid=nn.Linear(8, 8), head=head(8),
    )  # fmt: skip


def turned_four_ways():
    def forward(self, x):
        y = torch.cat([torch.rot90(x, k, (2, 3)) for k in range(4)])
        return self.head(pooled(self.conv(y)).view(4, len(x), 16).amax(0))

    return Net(forward, conv=conv(), head=head())


def hooked():
    net = nn.Sequential(conv(), nn.ReLU(), nn.MaxPool2d(8), nn.Flatten(), head())
    net[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    return net


def pruned():
    inner = conv(4)
    prune.random_unstructured(inner, "weight", 0.5)
    return nn.Sequential(conv(), inner, nn.MaxPool2d(8), nn.Flatten(), head())


def heads_in_the_batch():
    def forward(self, x):
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        parts = tokens.reshape(len(x), 16, 2, 8).transpose(1, 2).reshape(2 * len(x), 16, 8)
        scores = self.score(parts @ parts.transpose(1, 2))
        return self.head((scores @ parts).reshape(len(x), 2, 16, 8).mean((2, 3)).flatten(1))

    return Net(forward, patch=nn.Conv2d(1, 16, 4, 4), score=nn.Linear(16, 16), head=head(2))


def recurrent(first):
    """Rows of an image one after another, from a state that has `first` images or as many."""

    def forward(self, x):
        state = torch.zeros(first or len(x), 8)
        for row in x.flatten(1, 2).unbind(1):
            state = torch.tanh(self.ih(row) + self.hh(state))
        return self.head(state)

    return Net(forward, ih=nn.Linear(SHAPE[2], 8), hh=nn.Linear(8, 8), head=head(8))


ONCE = RandomFeatures(lambda net, values: setattr(net, "drawn", values))

RIGHT = {
    "drawn and saved": drawn(lambda net, values: net.register_buffer("drawn", values)),
    "drawn once and returned again": lambda: ONCE,
    "first state without images": lambda: recurrent(1),
    "first state of all images": lambda: recurrent(None),
    "images in dimension 2": lambda: Net(
        lambda self, x: self.head(self.mid(x.permute(2, 3, 0, 1)).mean((0, 1))),
        mid=nn.Linear(1, 16), head=head(),
    ),
    "images among the channels": lambda: Net(
        lambda self, x: self.head(
            pooled(self.conv(self.pool(x.transpose(0, 1)).transpose(0, 1)))
        ),
        pool=nn.AvgPool2d(2), conv=conv(), head=head(),
    ),
    "all values in one dimension": lambda: Net(
        lambda self, x: self.head(self.pool(pooled(self.conv(x)).flatten()[None]).view(len(x), 8)),
        conv=conv(), pool=nn.MaxPool1d(2), head=head(8),
    ),
    "recurrent": rows_of_an_image,
    "turned four ways": turned_four_ways,
    "heads in the batch": heads_in_the_batch,
    "hooked": hooked,
    "pruned": pruned,
    "old weight norm": lambda: nn.Sequential(
        nn.utils.weight_norm(conv()), nn.MaxPool2d(8), nn.Flatten(), head()
    ),
    "group and instance norms": lambda: nn.Sequential(
        conv(), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.MaxPool2d(8), nn.Flatten(), head()
    ),
    "codes": lambda: with_block(lambda x: x.argmax(1), lambda y: y[:, None].expand(-1, 4, -1, -1)
                                .float()),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
@pytest.mark.filterwarnings("ignore:.*weight_norm")
def test_right(monkeypatch, case):
    """Every layer of a batch is what it is for its images one at a time."""
    model = tried(monkeypatch, RIGHT[case])
    layers = list_layers(model)
    images = noise_images(SHAPE).repeat(2, 1, 1, 1) + torch.arange(6.0)[:, None, None, None]
    together = observe(model, layers, images)
    for layer in layers[1:]:
        outputs = []
        handle = model.get_submodule(layer.module).register_forward_hook(
            lambda module, inputs, output, outputs=outputs: outputs.append(output.detach())
        )
        for image, features in zip(images, together[layer.name], strict=True):
            outputs.clear()
            with torch.no_grad():
                model(image[None])
            alone = outputs[layer.call].flatten()
            torch.testing.assert_close(features, alone, rtol=1e-4, atol=1e-5)
        handle.remove()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: experts(lambda x: x.mean((1, 2, 3)) < 30), r"'a' returns \(2, 16\) for 3 images"),
        (lambda: leaves_early(30), "'more' is not called for some images"),
    ],
)
def test_what_the_check_could_not_see_is_refused_later(monkeypatch, make, words):
    """Images unlike all noise: brighter ones take another way through the network."""
    model = tried(monkeypatch, make)
    bright = 100 * torch.arange(3.0)[:, None, None, None] * torch.ones(3, *SHAPE)
    if "not called" not in words:
        bright[1] = 0
    with pytest.raises(InputError, match=words):
        observe(model, list_layers(model), bright)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("how", ["weight_norm", "spectral_norm"])
def test_parametrized_weights_belong_to_their_layer(monkeypatch, how, bias):
    """Without bias all weights of such a layer are in a module within it."""
    change = getattr(nn.utils.parametrizations, how)

    def make():
        return Net(
            lambda self, x: self.last(self.second(self.norm(self.first(x))).mean((2, 3))),
            first=change(nn.Conv2d(SHAPE[0], 4, 3, bias=bias)), norm=nn.BatchNorm2d(4),
            second=change(nn.Conv2d(4, 6, 3, bias=bias)),
            last=change(nn.Linear(6, CLASSES, bias=bias)),
        )  # fmt: skip

    layers = list_layers(tried(monkeypatch, make))
    owners = {key: layer.name for layer in layers for key in layer.state}
    for name in ("first", "second", "last"):
        keys = [key for key in owners if key.startswith(f"{name}.")]
        assert keys and {owners[key] for key in keys} == {name}
    assert owners["norm.weight"] == "first"


@pytest.mark.parametrize(("first", "owner"), [(1, "hh:2"), (None, "hh")])
def test_weights_belong_to_the_first_call_that_has_images(monkeypatch, first, owner):
    layers = list_layers(tried(monkeypatch, lambda: recurrent(first)))
    names = [layer.name for layer in layers]
    assert ("hh" in names) == (owner == "hh") and "hh:2" in names
    owners = {key: layer.name for layer in layers for key in layer.state}
    assert {key: name for key, name in owners.items() if name != "head"} == {
        "ih.weight": "ih", "ih.bias": "ih", "hh.weight": owner, "hh.bias": owner
    }  # fmt: skip
