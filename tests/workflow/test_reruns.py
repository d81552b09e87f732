"""What each change runs again: exactly the jobs that depend on it, and none once it is undone."""

import copy
import os

import pytest
import yaml

EXPERIMENT = "experiment=tiny"
CELL = f"{EXPERIMENT}, noise=0.5, seed=0"
RUN = f"{EXPERIMENT}, width=2, noise=0.5, seed=0"


def figures(*names):
    return {("figure", f"{EXPERIMENT}, figure={name}") for name in names}


def tables(*names):
    return {("table", f"{EXPERIMENT}, table={name}") for name in names}


def per_epoch(rule, run, *epochs):
    return {(rule, f"{run}, epoch={epoch}") for epoch in epochs}


GEOMETRY_ONWARD = tables("geometry") | figures("depth", "epochs")
REWIND_ONWARD = tables("rewind") | figures("rewind")
GRADIENTS_ONWARD = tables("gradients") | figures("gradients")


def after_training(run):
    """Every job that needs the trained network of one run, with the aggregates."""
    return (
        per_epoch("snapshot", run, "0", "1", "last")
        | per_epoch("activations", run, "0", "last")
        | per_epoch("geometry", run, "0", "last")
        | {("rewind", run), ("gradients", run)}
        | tables("accuracy")
        | figures("accuracy")
        | GEOMETRY_ONWARD
        | REWIND_ONWARD
        | GRADIENTS_ONWARD
    )


EVERYTHING_TRAINED = {("train", RUN)} | after_training(RUN)
ANOTHER_WIDTH = RUN.replace("width=2", "width=3")
ANOTHER_SEED = RUN.replace("seed=0", "seed=1")

# name: (dotted key, new value, jobs)
CHANGES = {
    "more Gaussian vectors": (
        "geometry.n_t",
        30,
        per_epoch("geometry", RUN, "0", "last") | GEOMETRY_ONWARD,
    ),
    "another margin": (
        "geometry.kappa",
        0.1,
        per_epoch("geometry", RUN, "0", "last") | GEOMETRY_ONWARD,
    ),
    "one more analysed epoch": (
        "analysis.epochs",
        [0, "last", 2],
        per_epoch("snapshot", RUN, "2")
        | per_epoch("activations", RUN, "2")
        | per_epoch("geometry", RUN, "2")
        | GEOMETRY_ONWARD,
    ),
    "one analysed epoch fewer": ("analysis.epochs", ["last"], GEOMETRY_ONWARD),
    "fewer layers": (
        "analysis.layers",
        ["fc*"],
        per_epoch("activations", RUN, "0", "last")
        | per_epoch("geometry", RUN, "0", "last")
        | GEOMETRY_ONWARD,
    ),
    "one more epoch to rewind to": (
        "rewind.epochs",
        [1, 2],
        per_epoch("snapshot", RUN, "2") | {("rewind", RUN)} | REWIND_ONWARD,
    ),
    "one more epoch of gradients": (
        "gradients.epochs",
        [1, 2],
        per_epoch("snapshot", RUN, "2") | {("gradients", RUN)} | GRADIENTS_ONWARD,
    ),
    "more epochs kept": ("training.snapshots", [0, 1, 2], set()),
    "one more width": (
        "widths",
        [2, 3],
        {("train", ANOTHER_WIDTH)} | after_training(ANOTHER_WIDTH) | figures("width"),
    ),
    "one more seed": (
        "seeds",
        [0, 1],
        {
            ("labels", f"{EXPERIMENT}, noise=0.5, seed=1"),
            ("probe", f"{EXPERIMENT}, noise=0.5, seed=1"),
        }
        | {("train", ANOTHER_SEED)}
        | after_training(ANOTHER_SEED),
    ),
    "another learning rate": ("training.optimizer.lr", 0.01, EVERYTHING_TRAINED),
    "more epochs": ("training.epochs", 4, EVERYTHING_TRAINED),
    "values of two settings swapped": (
        "training.optimizer",
        {"name": "sgd", "lr": 0.9, "momentum": 0.02, "nesterov": False, "weight_decay": 0},
        EVERYTHING_TRAINED,
    ),
    "another label rule": (
        "labels.rule",
        "other",
        {("labels", CELL), ("probe", CELL)} | EVERYTHING_TRAINED | figures("samples"),
    ),
    "other analysed images": (
        "analysis.per_class",
        3,
        {("probe", CELL), ("gradients", RUN)}
        | per_epoch("activations", RUN, "0", "last")
        | per_epoch("geometry", RUN, "0", "last")
        | GEOMETRY_ONWARD
        | GRADIENTS_ONWARD,
    ),
}


def with_value(config, dotted, value):
    config = copy.deepcopy(config)
    *places, last = dotted.split(".")
    section = config["experiments"]["tiny"]
    for place in places:
        section = section[place]
    section[last] = value
    return config


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_configuration(finished, name):
    dotted, value, jobs = CHANGES[name]
    text = (finished.path / "config.yaml").read_text()
    finished.write_config(with_value(finished.config, dotted, value))
    try:
        assert finished.pending() == jobs
    finally:
        (finished.path / "config.yaml").write_text(text)
    assert finished.pending() == set(), "undone, nothing is pending"


SOURCES = {
    "geometry/products.py": {
        *per_epoch("activations", RUN, "0", "last"),
        *per_epoch("geometry", RUN, "0", "last"),
        *GEOMETRY_ONWARD,
    },
    "figures/style.py": figures("samples", "accuracy", "depth", "epochs", "rewind", "gradients"),
    "analysis/rewind.py": {("rewind", RUN)} | REWIND_ONWARD,
    "analysis/gradients.py": {("gradients", RUN)} | GRADIENTS_ONWARD,
    "data/labels.py": {("labels", CELL), ("probe", CELL)} | EVERYTHING_TRAINED | figures("samples"),
    "training/loop.py": EVERYTHING_TRAINED,
}


@pytest.mark.slow
@pytest.mark.parametrize("module", SOURCES)
def test_a_change_of_source(finished, module):
    path = finished.path / "scripts" / "geomem" / module
    text, times = path.read_text(), path.stat()
    path.write_text(text + "\n# changed\n")
    try:
        assert finished.pending() == SOURCES[module]
    finally:
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert finished.pending() == set(), "undone, nothing is pending"


@pytest.mark.slow
def test_what_changes_nothing_runs_nothing(finished):
    config_path = finished.path / "config.yaml"
    text = config_path.read_text()
    # Reformatted, its keys in another order.
    config_path.write_text(yaml.safe_dump(finished.config, sort_keys=True, indent=8, width=40))
    assert finished.pending() == set()
    config_path.write_text(text)
    # Sources and inputs touched, as a checkout does.
    for path in [*finished.path.glob("scripts/**/*.py"), config_path]:
        path.touch()
    (finished.path / "results/tiny/labels/n0.5_s0.parquet").touch()
    assert finished.pending() == set()
    # Other cores.
    assert finished.pending("--cores", "1", "--set-threads", "train=2") == set()
