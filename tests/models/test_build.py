"""What a user can get wrong in `model`, and what the message says."""

import pytest
from geomem.errors import InputError
from geomem.models import build_model, list_layers, select_layers
from geomem.models.cli import main


def build(name, width=2, image_shape=(3, 32, 32), **options):
    spec = {"name": name, **options}
    return build_model(spec, width, n_classes=10, image_shape=image_shape, seed=0)


def write_module(monkeypatch, folder, name, text):
    (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("vgg19", {}, ["'vgg19'", "vgg16", "package.module:function"]),
        ("vgg16", {"depth": 3}, ["'vgg16'", "depth", "Its signature is"]),
        ("vgg16", {"dropout": 1.5}, ["model.dropout", "1.5"]),
        ("no_such_module_anywhere:make", {}, ["no_such_module_anywhere", "PYTHONPATH"]),
        ("json:no_such", {}, ["json", "'no_such'", "dumps"]),
    ],
)
def test_message_names_what_is_wrong(name, options, words):
    with pytest.raises(InputError) as error:
        build(name, **options)
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize("width", [0, -1, 2.0, True])
def test_width_must_be_a_whole_number(width):
    with pytest.raises(InputError, match="width"):
        build("vgg16", width)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def make(width): ...", ["signature", "(width)", "n_classes"]),
        ("def make(**_): return 3", ["returned int", "torch.nn.Module"]),
        ("def make(**_): raise KeyError('head')", ["KeyError", "head", "line 2"]),
        ("def make(**_): return nn.Sequential(nn.Flatten(), nn.Linear(3072, 5))", ["(2, 5)"]),
        ("def make(**_): return nn.Sequential(nn.Flatten(), nn.Linear(7, 10))", ["cannot process"]),
        ("def make(**_): return nn.Sequential(nn.Conv2d(3, 10, 1))", ["(2, 10, 32, 32)"]),
        ("def make(**_): return nn.Sequential(nn.Flatten())", ["layer_kind"]),
    ],
)
def test_users_function_is_checked(monkeypatch, tmp_path, request, body, words):
    module = f"network_{abs(hash(request.node.name))}"
    write_module(monkeypatch, tmp_path, module, f"from torch import nn\n{body}\n")
    with pytest.raises(InputError) as error:
        build(f"{module}:make")
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_module_that_fails_to_import_says_where(monkeypatch, tmp_path):
    write_module(monkeypatch, tmp_path, "network_broken", "x = 1\ny = undefined\n")
    with pytest.raises(InputError, match=r"network_broken\.py, line 2"):
        build("network_broken:make")


def test_unknown_layer_names_the_nearest():
    layers = list_layers(build("vgg-small"))
    with pytest.raises(InputError, match=r"'conv3' matches no layer.*conv3_1"):
        select_layers(layers, ["conv1_1", "conv3"])


USERS = """
import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self, channels, width, classes):
        super().__init__()
        self.head = nn.Linear(width, classes)  # defined first, called last
        self.first = nn.Conv2d(channels, width, 3)
        self.norm = nn.BatchNorm2d(width)
        self.shared = nn.Conv2d(width, width, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU(inplace=True)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        x = self.pool(self.relu(self.norm(self.first(x * self.scale))))
        x = self.pool(self.relu(self.shared(x)))
        x = self.shared(x)
        return self.head(x.mean((2, 3)))

def make(width, n_classes, image_shape):
    return Net(image_shape[0], width, n_classes)
"""


def test_layers_of_a_users_network(monkeypatch, tmp_path):
    import torch
    from geomem.models import observe

    write_module(monkeypatch, tmp_path, "network_shared", USERS)
    model = build("network_shared:make", 4)
    layers = {layer.name: layer for layer in list_layers(model)}
    assert list(layers) == ["input", "first", "pool", "shared", "pool:2", "shared:2", "head"]
    assert "norm.running_mean" in layers["first"].state
    assert "scale" in layers["first"].state
    assert layers["shared"].state == ("shared.weight", "shared.bias")
    assert layers["shared:2"].state == ()
    assert layers["head"].kind == "linear"
    model.eval()
    seen = observe(model, list(layers.values()), torch.randn(2, 3, 32, 32))
    assert (seen["first"] < 0).any()  # before the in-place ReLU that follows
    assert seen["shared"].shape != seen["shared:2"].shape


@pytest.mark.parametrize("text", ["3", "[1]", "depth=2"])
def test_layer_options_that_are_no_object(text, capsys):
    with pytest.raises(SystemExit) as left:
        main(["--options", text])
    assert left.value.code == 2
    assert f"{text!r} is not a JSON object" in capsys.readouterr().err
