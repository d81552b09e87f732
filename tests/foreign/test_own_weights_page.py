"""docs/own-weights.md, followed word for word, with weights that the test saves."""

import contextlib
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from geomem.analysis.activation_file import read_activations
from geomem.storage.tables import read_document, read_table
from PIL import Image
from safetensors.torch import save_file

from tests.foreign.commands import run
from tests.workflow.conftest import make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "own-weights.md").read_text()
BLOCKS = [
    (kind, textwrap.dedent(text))
    for _, kind, text in re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
]
FILES = dict(re.match(r"# (\S+)\n(.*)", text, re.DOTALL).groups() for kind, text in BLOCKS if kind)
SAVE, CHECK, RUN = (line for kind, text in BLOCKS if not kind for line in text.splitlines())

pytestmark = pytest.mark.slow


def pictures(folder):
    """Three classes of colour images, by their hue."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 6)):
        for number in range(3):
            place = folder / split / f"class{number}"
            place.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 120, (32, 32, 3), dtype=np.uint8)
                pixels[..., number] += 100
                Image.fromarray(pixels).save(place / f"{i}.png")


def trained(model, data, epochs=2):
    """The model after each epoch of a training loop of the user's own."""
    images, labels = data
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    yield 0
    for epoch in range(1, epochs + 1):
        model.train()
        for batch in torch.randperm(len(labels)).split(12):
            loss = torch.nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield epoch


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("weights"))
    config = workspace.config
    settings = config["experiments"]["tiny"] | config["defaults"]
    settings["rewind"] = settings["rewind"] | {"epochs": [1], "schemes": ["suffix"]}
    settings["analysis"] = settings["analysis"] | {"controls": [], "measures": ["geometry"]}
    workspace.write_config({"defaults": settings, "experiments": {"tiny": {}}})
    for name, text in FILES.items():
        (workspace.path / name).write_text(text)
    pictures(workspace.path / "pictures")
    return workspace


@pytest.fixture(scope="module")
def networks(place):
    """my_networks.py as the user's own program imports it."""
    scope = {}
    exec(FILES["my_networks.py"], scope)
    return scope


def data(place, mean=0.5, std=0.25):
    images, labels = [], []
    for number in range(3):
        for path in sorted((place.path / f"pictures/train/class{number}").iterdir()):
            images.append(torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1) / 255)
            labels.append(number)
    return (torch.stack(images) - mean) / std, torch.tensor(labels)


def test_uses_take_at_most_20_lines():
    assert set(FILES) == {"my_networks.py", "trained.yaml", "tokens.yaml"}
    assert all(text.count("\n") <= 20 for text in FILES.values())


def test_a_resnet(place, networks):
    torch.manual_seed(0)
    model = networks["resnet"](width=64, n_classes=3, image_shape=(3, 32, 32))
    images, labels = data(place)
    accuracy = {}
    refused = run(place, CHECK, good=False)
    assert "weights.path: resnet-0.pt does not exist (3 are missing)" in refused
    for epoch in trained(model, (images, labels)):
        with contextlib.chdir(place.path):
            exec(SAVE, {"torch": torch, "model": model, "epoch": epoch})
        model.eval()
        with torch.no_grad():
            accuracy[epoch] = (model(images).argmax(1) == labels).float().mean().item()
    assert "resnet: 1 network" in run(place, CHECK)
    run(place, RUN)
    found = place.path / "results/resnet"
    table = read_table(found / "tables/accuracy.parquet")
    rows = table[(table["kind"] == "train") & (table["metric"] == "accuracy")]
    measured = rows.set_index("epoch")["value"].to_dict()
    assert measured == pytest.approx(accuracy), "normalized as it was trained"
    geometry = read_table(found / "tables/geometry.parquet")
    assert set(geometry["epoch"]) == {0, 1, 2}
    assert {"layer1.0.conv1", "layer4.1.conv2", "fc"} <= set(geometry["layer"])
    for name in ("rewind", "gradients", "examples"):
        assert len(read_table(found / f"tables/{name}.parquet")), name
    examples = read_table(found / "tables/examples.parquet")
    assert set(examples["value"].dropna()) <= {0.0, 1.0, 2.0} and len(examples) == 36
    [record] = (place.path / "results/shared/trained").glob("imported_*/training.json")
    assert read_document(record)["parameters"] == sum(p.numel() for p in model.parameters())
    assert (found / "claims/claims.html").is_file() and (found / "../explorer.html").is_file()
    assert place.pending("--configfile", "trained.yaml") == set()


def test_a_vision_transformer(place, networks):
    torch.manual_seed(0)
    model = networks["vit"](width=16, n_classes=3, image_shape=(3, 32, 32))
    for epoch in trained(model, data(place)):
        save_file(model.state_dict(), place.path / f"vit-{epoch}.safetensors")
    run(place, RUN.replace("trained", "tokens"))
    folder = place.path / "results/vit"
    geometry = read_table(folder / "tables/geometry.parquet")
    assert set(geometry["epoch"]) == {0, 2}
    [activations] = folder.glob("runs/*/activations/2.npz")
    features = {layer["name"]: layer["features"] for layer in read_activations(activations).layers}
    assert features["encoder.layers.encoder_layer_1.mlp.0"] == 32, "one token"
    assert features["encoder.layers.encoder_layer_1.mlp.3"] == 16, "the mean of the tokens"
    assert features["heads.head"] == 3


def test_weights_of_another_network_are_refused(place, networks):
    """After `test_a_resnet`."""
    file = place.path / "resnet-1.pt"
    before = file.read_bytes()
    torch.save(torch.nn.Linear(3, 3).state_dict(), file)
    said = run(place, RUN, good=False)
    logs = (place.path / "results/shared/logs/imported_network").glob("*.log")  # the ViT's is one
    log = "".join(file.read_text() for file in logs)
    assert "resnet-1.pt does not fit the network of `model` and `width`" in log
    assert "Traceback" not in log and said
    file.write_bytes(before)
