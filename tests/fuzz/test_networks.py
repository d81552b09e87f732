"""Random networks, whole or with one fault: features image by image, or an error by name."""

import sys

import numpy as np
import pytest
import torch
from geomem.analysis.gradients import group_gradient
from geomem.analysis.networks import Snapshot
from geomem.analysis.rewind import choose_material, rewind
from geomem.data.image_sets import ImageSet
from geomem.errors import InputError
from geomem.models import build_model, list_layers, observe
from geomem.models.layers import tied
from geomem.training.batches import Normalizer
from geomem.training.evaluate import Targets
from geomem.training.recipe import Recipe
from geomem.training.rehearsal import rehearse
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.slow

SHAPE, CLASSES = (2, 8, 8), 3
RECIPE = Recipe.read({"epochs": 1, "batch_size": 4, "optimizer": {"name": "sgd", "lr": 0.01}})


class Folded(nn.Module):
    """A linear map of rows that lie before, at and behind the images in one dimension."""

    def __init__(self, rng, features):
        super().__init__()
        self.before = int(rng.choice([1, 2, 4]))
        self.after = int(rng.choice([1, 2]))
        self.axis = int(rng.integers(2))
        self.map = nn.Linear(features // (self.before * self.after), 4)

    def forward(self, x):
        n = len(x)
        rows = x.reshape(n, self.before, self.after, -1).transpose(0, 1)
        rows = rows.reshape(self.before * n * self.after, -1)
        y = self.map(rows)[..., :4] if self.axis == 0 else self.map(rows[None])[0]
        y = y.reshape(self.before, n, self.after, 4).transpose(0, 1)
        return y.flatten(1)


class TokensFirst(nn.Module):
    def __init__(self, rng, features):
        super().__init__()
        self.width = features // 8
        self.attention = nn.MultiheadAttention(self.width, 1, batch_first=False)
        self.map = nn.Linear(self.width, self.width)

    def forward(self, x):
        x = x.reshape(len(x), 8, self.width).transpose(0, 1)
        return self.map(self.attention(x, x, x)[0]).transpose(0, 1).flatten(1)


class Batch(nn.Module):
    """A fault: what it makes of an image depends on the others."""

    def forward(self, x):
        return x - 0.3 * x.mean(0, keepdim=True)


class Chance(nn.Module):
    def __init__(self, draw):
        super().__init__()
        self.draw = draw

    def forward(self, x):
        return x * (1 + 0.1 * self.draw())


class Memory(nn.Module):
    """A fault: it changes with every batch that it has seen."""

    def __init__(self, persistent):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()), persistent)

    def forward(self, x):
        self.seen += x.detach().abs().mean()
        return x + self.seen


class Twofold(nn.Module):
    def forward(self, x):
        return (x, x) if self.training else x


FAULTS = {
    "others": lambda: Batch(),
    "batch statistics": lambda: nn.BatchNorm1d(32, track_running_stats=False),
    "torch": lambda: Chance(lambda: torch.rand(())),
    "numpy": lambda: Chance(np.random.rand),
    "dropout": lambda: Chance(lambda: F.dropout(torch.ones(()), 0.3)),
    "memory": lambda: Memory(True),
    "memory not kept": lambda: Memory(False),
    "fails in training": lambda: Twofold(),
    "bfloat16": lambda: nn.Sequential(nn.Linear(32, 32).bfloat16()),
    "not real": lambda: nn.Linear(32, 32).to(torch.complex64),
}


def network(seed, fault):
    """Convolutions, then maps of vectors of 32 values, some modules or weights shared."""
    rng = np.random.default_rng(seed)
    act, width = nn.ReLU(inplace=bool(rng.integers(2))), 4
    first = nn.Conv2d(2, width, 3, padding=1)
    second = nn.Conv2d(width, width, 3, padding=1)
    parts = [first, act, second, act]
    if rng.integers(2):
        parts += [second, act] if rng.integers(2) else [nn.Conv2d(width, width, 1), act]
    if rng.integers(2):
        other = nn.Conv2d(width, width, 3, padding=1)
        other.weight = second.weight
        parts += [nn.BatchNorm2d(width), other]
    parts += [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * width, 32)]
    vectors = []
    for _ in range(rng.integers(1, 4)):
        choice = rng.integers(4)
        inner = (Folded, TokensFirst)[choice % 2](rng, 32)
        size = inner(torch.zeros(2, 32)).shape[1]
        vectors += [inner, nn.Linear(size, 32)] if choice < 2 else [nn.LayerNorm(32), act]
    if fault is not None:
        vectors.insert(int(rng.integers(len(vectors) + 1)), FAULTS[fault]())
        vectors = [part for part in vectors if part is not act]
    if rng.integers(3) == 0:
        first.requires_grad_(False)
    return nn.Sequential(*parts, *vectors, nn.Linear(32, CLASSES))


def tried(monkeypatch, seed, fault=None):
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "made", lambda **_: network(seed, fault), raising=False)
    spec = {"name": f"{__name__}:made"}
    model = build_model(spec, 1, n_classes=CLASSES, image_shape=SHAPE, seed=seed)
    device = torch.device("cpu")
    rehearse(spec, 1, RECIPE, n_classes=CLASSES, image_shape=SHAPE, device=device)
    return model.eval()


@pytest.mark.parametrize("seed", range(60))
def test_whole(monkeypatch, seed):
    model = tried(monkeypatch, seed)
    layers = list_layers(model)
    assert sorted(k for x in layers for k in x.state) == sorted(model.state_dict())
    owner = {key: layer.name for layer in layers for key in layer.state}
    assert all(len({owner[key] for key in keys}) == 1 for keys in tied(model))

    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (9, *SHAPE), dtype=np.uint8)
    labels = np.arange(9) % CLASSES
    images = ImageSet(pixels, labels, pixels[:3], labels[:3], np.array(list("abc")))
    normalizer = Normalizer.fit(pixels)
    batch = normalizer(torch.from_numpy(pixels))
    together = observe(model, layers, batch)
    for i in range(len(batch)):
        alone = observe(model, layers, batch[i : i + 1])
        for name, features in together.items():
            torch.testing.assert_close(features[i], alone[name][0], rtol=1e-4, atol=1e-5)

    own = {k: p for k, p in model.named_parameters() if p.requires_grad}
    null = np.full((9, CLASSES), 1 / CLASSES, dtype=np.float32)
    label, independent = group_gradient(model, list(own.values()), pixels, labels, null, normalizer)
    loss = F.cross_entropy(model(batch), torch.from_numpy(labels))
    whole = torch.autograd.grad(loss, list(own.values()), allow_unused=True)
    for a, b, c in zip(label, independent, whole, strict=True):
        torch.testing.assert_close(a + b, torch.zeros_like(a) if c is None else c,
                                   rtol=1e-3, atol=1e-5)  # fmt: skip

    targets = Targets(labels, labels, np.arange(9) < 3, labels[:3])
    material = choose_material(images, targets, torch.device("cpu"))
    states = [
        Snapshot(epoch, {k: v + 0.1 * epoch if v.is_floating_point() else v.clone()
                         for k, v in model.state_dict().items()}, "float32")
        for epoch in (1, 2)
    ]  # fmt: skip
    settings = {"schemes": ["single"], "sets": {}, "batch_norm": ["with-layer", "keep"]}
    rows = rewind(model, layers, states[1], states[:1], material, settings)
    assert {row["scheme"] for row in rows} == {"none", "all", "single"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("ignore:Complex modules")
def test_faults(monkeypatch, fault, seed):
    with pytest.raises(InputError, match="model"):
        tried(monkeypatch, seed, fault)
