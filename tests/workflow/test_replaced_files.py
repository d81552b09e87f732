"""A user's files that older ones replace, as `cp -p` and `rsync -a` do: the next run notices."""

import os

import numpy as np
import pytest
from geomem.models.build import build_model
from safetensors.torch import save_file

from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow


def write_weights(place, seed):
    spec = {"name": "vgg-small", "dropout": 0}
    model = build_model(spec, 2, n_classes=4, image_shape=(1, 32, 32), seed=seed)
    for epoch in (0, 3):
        save_file(model.state_dict(), place / f"net-{epoch}.safetensors")


def write_recordings(place, seed):
    (place / "recordings").mkdir(exist_ok=True)
    points = np.random.default_rng(seed).standard_normal((80, 30))
    np.save(place / "recordings" / "V1.npy", points)
    np.save(place / "recordings" / "labels.npy", np.arange(80) % 4)


def write_style(place, seed):
    (place / "mine.mplstyle").write_text(f"lines.linewidth: {1 + seed}\n")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """The tiny experiment with a style file, another of recordings, and one of given weights."""
    made = make_workspace(tmp_path_factory.mktemp("replaced"))
    config = made.config
    defaults = config["defaults"] | config["experiments"]["tiny"]
    made.write_config(
        {
            "defaults": defaults,
            "experiments": {
                "tiny": {"figure_style": "mine.mplstyle"},
                "recorded": {"activations": {"path": "recordings"}},
                "given": {
                    "weights": {"path": "net-{epoch}.safetensors", "epochs": [0, 3]},
                    "rewind": {"epochs": [0]},
                    "gradients": {"epochs": [0]},
                },
            },
        }
    )
    for write in (write_weights, write_recordings, write_style):
        write(made.path, 0)
    return made


def target_of(workspace, rule):
    if rule == "imported_network":
        return workspace.training("w2_n0.5_s0", "given") / "training.json"
    if rule == "figure":
        return workspace.path / "results/tiny/figures/samples.png"
    return workspace.path / "results/recorded/runs/w0_n0_s0/activations/0.npz"


@pytest.mark.parametrize(
    ("rule", "write"),
    [
        ("imported_network", write_weights),
        ("recorded_activations", write_recordings),
        ("figure", write_style),
    ],
)
def test_an_older_file_is_another_file(workspace, rule, write, monkeypatch):
    monkeypatch.chdir(workspace.path)
    target = target_of(workspace, rule)
    workspace.snakemake(target)
    assert workspace.pending(target) == set()
    before = {path: path.stat() for path in workspace.path.rglob("*") if path.is_file()}
    write(workspace.path, 1)
    for path, times in before.items():
        if path.stat().st_mtime_ns != times.st_mtime_ns:
            os.utime(path, (1, 1))
    assert {name for name, _ in workspace.pending(target)} == {rule}
    said = workspace.geomem("explain", str(target.relative_to(workspace.path))).stdout
    assert "because files of yours that it reads changed" in said
