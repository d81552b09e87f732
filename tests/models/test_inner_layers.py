"""Layers within blocks: every convolution by name, and the block as it was."""

import pytest
import torch
from geomem.errors import InputError
from geomem.models import build_model
from geomem.models.inner import inner_layers, layers_for
from geomem.models.layers import list_layers, observe, select_layers
from torch import nn

SHAPE = (3, 16, 16)
IMAGES = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(0))


def network(name, width=2):
    return build_model({"name": name}, width, n_classes=4, image_shape=SHAPE, seed=0).eval()


@pytest.mark.parametrize(("name", "convolutions"), [("resnet18", 20), ("densenet121", 120)])
def test_every_convolution_has_a_name(name, convolutions):
    model = network(name)
    layers = inner_layers(model)
    assert sum(layer.kind == "conv" for layer in layers) == convolutions
    names = [layer.name for layer in layers]
    assert len(set(names)) == len(names)
    assert [layer.index for layer in layers] == list(range(len(layers)))
    coarse = list_layers(model)
    assert [n for n in names if "/" not in n] == [layer.name for layer in coarse]


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_the_parts_of_a_block_have_its_weights(name):
    model = network(name)
    inner = inner_layers(model)
    for block in list_layers(model):
        parts = [x for x in inner if x.name.startswith(f"{block.name}/")]
        keys = [key for part in parts for key in part.state]
        [same] = [x for x in inner if x.name == block.name]
        if parts:
            assert same.state == () and sorted(keys) == sorted(block.state)
            assert max(part.index for part in parts) < same.index
        else:
            assert same.state == block.state


def test_a_norm_belongs_to_the_convolution_before_it():
    states = {layer.name: set(layer.state) for layer in inner_layers(network("resnet18"))}
    assert "block2_1.norm1.running_mean" in states["block2_1/conv1"]
    assert "block2_1.norm2.weight" in states["block2_1/conv2"]
    assert "block2_1.shortcut.norm.bias" in states["block2_1/shortcut.conv"]
    dense = {layer.name: set(layer.state) for layer in inner_layers(network("densenet121"))}
    assert "block1.dense1.norm1.weight" in dense["block1/dense1.conv1"], "before the first"


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_what_is_observed(name):
    """Blocks as without their parts, and each convolution at its own output."""
    model = network(name)
    inner, coarse = (observe(model, find(model), IMAGES) for find in (inner_layers, list_layers))
    for block, values in coarse.items():
        assert torch.equal(values, inner[block]), block
    seen = {}
    handles = [
        module.register_forward_hook(lambda m, i, o, name=name: seen.update({name: o.clone()}))
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    with torch.no_grad():  # the same memory format: with another, kernels differ by rounding
        model(IMAGES)
    for handle in handles:
        handle.remove()
    for layer in inner_layers(model):
        if "/" in layer.name:
            assert torch.equal(inner[layer.name], seen[layer.module].flatten(1)), layer.name
            assert layer.shape == tuple(seen[layer.module].shape[1:])


@pytest.mark.parametrize("name", ["vgg-small", "vgg16", "alexnet"])
def test_networks_without_blocks_are_as_they_were(name):
    model = build_model({"name": name}, 2, n_classes=4, image_shape=(3, 32, 32), seed=0)
    assert inner_layers(model) == list_layers(model)


def test_names_without_a_slash_match_what_they_did():
    model = network("resnet18")
    every = layers_for(model, ["*", "block1_1/conv1"])
    chosen = [layer.name for layer in select_layers(every, ["*", "block1_1/conv1"])]
    coarse = [layer.name for layer in list_layers(model)]
    assert [name for name in chosen if name != "block1_1/conv1"] == coarse
    assert layers_for(model, ["*", "block1_1"]) == list_layers(model)
    with pytest.raises(InputError, match=r"'block1_1/conv9' matches no layer"):
        select_layers(every, ["block1_1/conv9"])


class Attention(nn.Module):
    """One head, marked as one layer; the norm comes first."""

    layer_kind = "block"

    def __init__(self, size):
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.q, self.k, self.v, self.out = (nn.Linear(size, size) for _ in range(4))

    def forward(self, x):
        y = self.norm(x)
        scores = self.q(y) @ self.k(y).transpose(1, 2)
        return x + self.out(scores.softmax(2) @ self.v(y))


def test_an_attention_block_of_the_users_own():
    from geomem.models.build import _prepare

    model = nn.Sequential(nn.Conv2d(3, 6, 4, 4), nn.Flatten(2), Attention(16), nn.Flatten())
    model.append(nn.Linear(96, 4))
    _prepare("own", model, 4, SHAPE)
    training = model.training
    names = [layer.name for layer in inner_layers(model)]
    assert names == ["input", "0", "2/q", "2/k", "2/v", "2/out", "2", "4"]
    assert model.training == training
    states = {layer.name: layer.state for layer in inner_layers(model)}
    assert set(states["2/q"]) == {"2.q.weight", "2.q.bias", "2.norm.weight", "2.norm.bias"}


class Encoder(nn.Module):
    """PyTorch's own attention, first in a block that is one layer or several."""

    def __init__(self, size):
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.attention = nn.MultiheadAttention(size, 2, batch_first=True)
        self.up, self.down = nn.Linear(size, 24), nn.Linear(24, size)

    def forward(self, x):
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.down(self.up(x).relu())


@pytest.mark.parametrize("marked", [False, True])
def test_attention_of_pytorch(marked):
    from geomem.models.build import _prepare

    encoder = Encoder(16)
    if marked:
        encoder.layer_kind = "block"
    model = nn.Sequential(nn.Conv2d(3, 6, 4, 4), nn.Flatten(2), encoder, nn.Flatten())
    model.append(nn.Linear(96, 4))
    _prepare("own", model, 4, SHAPE)
    model.eval()
    layers = inner_layers(model) if marked else list_layers(model)
    within = "2/" if marked else "2."
    parts = [f"{within}{name}" for name in ("attention", "up", "down")]
    assert [x.name for x in layers] == ["input", "0", *parts, *(["2"] if marked else []), "4"]
    states = {layer.name: set(layer.state) for layer in layers}
    own = {"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"}
    norm = {"2.norm.weight", "2.norm.bias"}  # of what was called before, or else the first part
    assert states[parts[0]] == {f"2.attention.{name}" for name in own} | (norm if marked else set())
    seen = observe(model, layers, IMAGES)[parts[0]]
    with torch.no_grad():
        y = encoder.norm(model[:2](IMAGES))
        expected = encoder.attention(y, y, y)[0]
    torch.testing.assert_close(seen, expected.flatten(1))


class BeforeActivation(nn.Module):
    """A network whose last norm stands after its last block."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.block = nn.Sequential()
        self.block.layer_kind = "block"
        for name in ("first", "second"):
            self.block.add_module(f"{name}_norm", nn.BatchNorm2d(4))
            self.block.add_module(name, nn.Conv2d(4, 4, 3, padding=1, bias=False))
        self.norm, self.head = nn.BatchNorm2d(4), nn.Linear(4, 4)

    def forward(self, x):
        return self.head(self.norm(self.block(self.stem(x))).mean((2, 3)))


def test_a_norm_after_a_block_belongs_to_its_last_convolution(tmp_path, monkeypatch):
    (tmp_path / "after_block.py").write_text(
        "from tests.models.test_inner_layers import BeforeActivation\n\n\n"
        "def net(*, width, n_classes, image_shape):\n    return BeforeActivation()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    states = {layer.name: set(layer.state) for layer in inner_layers(network("after_block:net"))}
    assert {"norm.weight", "norm.running_var"} <= states["block/second"]
    assert "block.second_norm.weight" in states["block/first"]


class Cell(nn.Module):
    """A state that rows of an image change, marked as one layer."""

    layer_kind = "block"

    def __init__(self):
        super().__init__()
        self.ih, self.hh = nn.Linear(16, 8), nn.Linear(8, 8)

    def forward(self, state, row):
        return torch.tanh(self.ih(row) + self.hh(state))


class Recurrent(nn.Module):
    """The first state is one for all images; with `warm` the cell first goes over a row of none."""

    def __init__(self, warm):
        super().__init__()
        self.cell, self.head, self.warm = Cell(), nn.Linear(8, 4), warm

    def forward(self, x):
        state = torch.zeros(1, 8)
        if self.warm:
            state = self.cell(state, torch.ones(1, 16))
        for row in x[:, 0].unbind(1):
            state = self.cell(state, row)
        return self.head(state)


@pytest.mark.parametrize("warm", [False, True])
def test_parts_of_a_block_whose_first_call_has_no_image_have_their_weights(warm):
    from geomem.models.build import _prepare

    model = Recurrent(warm)
    _prepare("own", model, 4, SHAPE)
    [coarse] = [layer for layer in list_layers(model) if layer.state and layer.name != "head"]
    assert coarse.name == ("cell:2" if warm else "cell")
    layers = inner_layers(model)
    owners = {key: layer.name for layer in layers for key in layer.state}
    assert {owners.pop(f"head.{name}") for name in ("weight", "bias")} == {"head"}
    assert set(owners) == set(coarse.state) and len(owners) == 4
    names = [layer.name for layer in layers]
    for part in ("ih", "hh"):
        first = next(name for name in names if name.partition(":")[0].endswith(f"/{part}"))
        assert {owners[f"cell.{part}.weight"], owners[f"cell.{part}.bias"]} == {first}
