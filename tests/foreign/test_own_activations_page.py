"""docs/own-activations.md, followed word for word."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from geomem.geometry import manifold_geometry
from geomem.storage.tables import read_table
from safetensors.numpy import save_file
from scipy.io import savemat

from tests.docs.blocks import blocks
from tests.foreign.commands import run
from tests.workflow.conftest import make_workspace

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = blocks(ROOT / "docs" / "own-activations.md")
FILES = dict(
    (block.title, block.text)
    if block.is_file
    else re.match(r"# (\S+)\n(.*)", block.text, re.DOTALL).groups()
    for block in BLOCKS
    if block.language != "console"
)
COMMANDS = [
    line for block in BLOCKS if block.language == "console" for line in block.text.splitlines()
]

pytestmark = pytest.mark.slow


def test_each_use_takes_at_most_20_lines():
    assert set(FILES) == {"recordings.py", "loop.py", "manifest.csv", "recorded.yaml"}
    assert all(text.count("\n") <= 20 for text in FILES.values())


def rates():
    """Spike counts, trials x neurons x conditions x times; tuning grows with time."""
    rng = np.random.default_rng(0)
    tuning = rng.standard_normal((80, 8, 1)) * np.linspace(0, 1, 5)
    return rng.poisson(4 * np.exp(tuning)[None].repeat(60, 0))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("recorded"))
    config = workspace.config
    settings = config["experiments"]["tiny"] | config["defaults"]
    workspace.write_config({"defaults": settings, "experiments": {"tiny": {}}})
    for name, text in FILES.items():
        (workspace.path / name).write_text(text)
    np.save(workspace.path / "rates.npy", rates())
    return workspace


def means(path, metric="capacity"):
    table = read_table(path)
    return table[table["manifold"].isna() & (table["metric"] == metric)]


def test_recordings(place):
    for command in COMMANDS[:2]:
        said = run(place, command)
    found = place.path / "recordings-geometry"
    capacity = means(found / "tables/geometry.parquet")
    assert list(capacity["epoch"]) == [0, 1, 2, 3, 4] and set(capacity["layer"]) == {"V1"}
    # The tuning grows, so the conditions come apart.
    assert capacity["value"].is_monotonic_increasing
    clouds = rates()[..., 3].transpose(2, 0, 1)
    alone = manifold_geometry(clouds, n_t=300, random_state=0)
    assert capacity["value"].iloc[3] == pytest.approx(alone.mean_capacity, rel=1e-9)
    for name in ("figures/depth.png", "figures/epochs.png", "explorer.html"):
        assert (found / name).is_file() and name in said
    assert '"name":"geometry"' in (found / "explorer.html").read_text()


def test_loop(place):
    for command in COMMANDS[2:4]:
        run(place, command)
    capacity = means(place.path / "layers-geometry/tables/glue.parquet")
    assert list(capacity["layer"].unique()) == ["0", "2", "4"]
    assert list(capacity["epoch"].unique()) == [0, 1, 2, 3]
    last = capacity[capacity["layer"] == "4"].set_index("epoch")["value"]
    assert last[3] > last[0], "training pulls the classes apart"


def test_manifest(place):
    """Two subjects; the second has one condition, and its V4 is pooled over dimension 1."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(6), 10)
    arrays = {name: rng.standard_normal((60, 40)) for name in ("V1", "V4")}
    np.savez(place.path / "m1.npz", **arrays, labels=labels)
    cue = {name: array + 3 * rng.standard_normal((6, 40))[labels] for name, array in arrays.items()}
    savemat(place.path / "m1-cue.mat", cue)
    tokens = rng.standard_normal((60, 7, 40)).astype(np.float32)
    save_file({"V1": tokens[:, 0].copy(), "V4": tokens}, place.path / "m2.safetensors")
    lines = "\n".join(map(str, labels))
    (place.path / "m2-labels.csv").write_text(f"label\n{lines[:-2]}\n")
    refused = run(place, COMMANDS[4], good=False)
    assert "m2-labels.csv has 59 labels for 60 points" in refused
    assert "Traceback" not in refused and not (place.path / "two-subjects/tables").exists()
    (place.path / "m2-labels.csv").write_text(f"label\n{lines}\n")

    run(place, COMMANDS[4])
    table = means(place.path / "two-subjects/tables/geometry.parquet").set_index(
        ["subject", "condition", "layer"]
    )
    assert len(table) == 6 and not table.index.duplicated().any()
    assert list(table.loc[("m2", "before")].index) == ["V1", "V4"]
    for name in arrays:
        assert table.loc[("m1", "cue", name), "value"] > table.loc[("m1", "before", name), "value"]
    clouds = tokens.mean(axis=1).reshape(6, 10, 40)
    expected = manifold_geometry(clouds, n_t=100, random_state=0).mean_capacity
    assert table.loc[("m2", "before", "V4"), "value"] == pytest.approx(expected, rel=1e-6)


def test_workflow(place):
    """After `test_recordings`."""
    check, everything = COMMANDS[5:]
    assert "recorded: 1 recording" in run(place, check)
    run(place, everything)
    found = place.path / "results/recorded"
    every = means(found / "tables/geometry.parquet").set_index(["kind", "epoch"])["value"]
    assert list(every["points"].index) == [0, 1, 2, 3, 4]
    assert every["points"].is_monotonic_increasing
    for control in ("shuffled", "surrogate"):
        # Without tuning points have no structure. With it the eight manifolds share its strong
        # directions, which so few centres do not show: what the page says of few classes.
        assert every[control].loc[0] == pytest.approx(2 / 50, rel=0.25)
        assert every[control].is_monotonic_increasing
        assert (every[control].loc[2:] < every["points"].loc[2:] / 2).all()
    # The two have the same covariance, and nothing else in common.
    np.testing.assert_allclose(every["shuffled"], every["surrogate"], rtol=0.1)
    assert set(read_table(found / "tables/neural_collapse.parquet")["metric"]) >= {"nc1"}
    verdicts = read_table(found / "claims/claims.parquet")
    measured = verdicts[verdicts["verdict"] != "not measured"]  # all others need a training
    assert set(measured["target"]) == {"N-shuffled", "N-surrogate"}
    assert set(measured["verdict"]) == {"undecided"}
    for name in ("figures/depth.png", "provenance.html", "../explorer.html"):
        assert (found / name).is_file()
    assert not (found / "figures/samples.png").exists()
    assert place.pending("--configfile", "recorded.yaml") == set()


def test_a_changed_file_is_read_again_alone(place):
    """After `test_workflow`."""
    file = next((place.path / "recordings/0/epoch-3/points").glob("000-*.npy"))
    before = file.read_bytes()
    np.save(file, np.load(file) + 1)
    cell = "experiment=recorded, width=0, noise=0, seed=0"
    jobs = place.pending("--configfile", "recorded.yaml")
    rules = {rule for rule, _ in jobs}
    assert ("recorded_activations", f"{cell}, epoch=3") in jobs
    assert {words for rule, words in jobs if rule == "recorded_activations"} == {f"{cell}, epoch=3"}
    assert "recorded_run" not in rules and "train" not in rules
    file.write_bytes(before)
    assert place.pending("--configfile", "recorded.yaml") == set()
    # One more epoch is read and measured; the others stay.
    further = "from geomem.foreign import write_activations; import numpy as np;"
    further += "p = np.random.default_rng(0).standard_normal((480, 80));"
    further += "write_activations('recordings', {'V1': p}, np.arange(480) % 8, epoch=5)"
    run(place, shlex.join(["python", "-c", further]))
    jobs = place.pending("--configfile", "recorded.yaml")
    assert {words for rule, words in jobs if rule == "recorded_activations"} == {f"{cell}, epoch=5"}
    measured = [words for rule, words in jobs if rule == "measure"]
    assert measured and all(words.endswith("epoch=5") for words in measured)
