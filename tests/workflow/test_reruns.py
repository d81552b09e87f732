"""What each change runs again: exactly the jobs that depend on it, and none once it is undone."""

import ast
import contextlib
import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from geomem import __version__

from tests.workflow.conftest import Workspace, make_workspace
from tests.workflow.rerun_cases import CHANGES, SOURCES
from tests.workflow.rerun_table import document

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reruns.md"


def test_the_documentation_is_the_table_that_is_tested():
    assert DOCUMENT.read_text() == document(), (
        "run: python -m tests.workflow.rerun_table > docs/reruns.md"
    )


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


@pytest.mark.slow
@pytest.mark.parametrize("module", SOURCES)
def test_a_change_of_source(finished, module):
    path = finished.path / "scripts" / "geomem" / module
    text, times = path.read_text(), path.stat()
    path.write_text(text + "\nCHANGED = True\n")
    try:
        assert finished.pending() == SOURCES[module]
    finally:
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert finished.pending() == set(), "undone, nothing is pending"


@contextlib.contextmanager
def changed(files):
    """Files with other texts meanwhile, None for one that is not there; their times are kept."""
    before = {path: (path.read_text(), path.stat()) for path in files if path.exists()}
    try:
        for path, text in files.items():
            path.write_text(text)
        yield
    finally:
        for path in files:
            path.unlink()
        for path, (text, times) in before.items():
            path.write_text(text)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.slow
def test_comments_docstrings_and_formatting_run_nothing(finished):
    package = finished.path / "scripts" / "geomem"
    names = ("models/vgg.py", "training/trainer.py", "geometry/products.py", "__init__.py")
    files = {}
    for path in (package / name for name in names):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                node.body.insert(0, ast.Expr(ast.Constant("Other words.")))
        files[path] = f"# A comment.\n{ast.unparse(tree)}"  # which formats it its own way
    version = package / "__init__.py"
    files[version] = files[version].replace(__version__, "99.0")
    assert "99.0" in files[version]
    with changed(files):
        assert finished.pending() == set()


@pytest.mark.slow
def test_what_is_not_used_runs_nothing(finished):
    """Further built-in networks, data sets and measures, and changes of those there are."""
    package = finished.path / "scripts" / "geomem"
    entries = {
        "networks": ("NETWORKS = {", '"fresh": "geomem.models.fresh:fresh",'),
        "datasets": ("for entry in (", 'DataSet("fresh", load="geomem.data.fresh:load"),'),
        "measures": ("for measure in (", 'Measure("fresh", "geomem.analysis.fresh:f", "Fresh"),'),
    }
    files = {}
    for index, (start, entry) in entries.items():
        path = package / "registry" / f"{index}.py"
        files[path] = path.read_text().replace(start, f"{start}\n{entry}")
        assert entry in files[path]
    for unused in ("models/resnet.py", "data/folders.py", "measures/twonn.py", "data/fresh.py"):
        path = package / unused
        files[path] = (path.read_text() if path.exists() else "") + "\nCHANGED = True\n"
    with changed(files):
        assert finished.pending() == set()


@pytest.mark.slow
def test_a_changed_helper_of_a_users_network_trains_again(tmp_path):
    workspace = make_workspace(tmp_path / "own")
    (workspace.path / "mine.py").write_text("from helpers.blocks import build as network\n")
    helper = tmp_path / "elsewhere" / "helpers" / "blocks.py"
    helper.parent.mkdir(parents=True)
    text = """
from torch import nn
def build(width, n_classes, image_shape):
    "A linear map."
    layers = nn.Linear(1024, width), nn.ReLU(), nn.Linear(width, n_classes)
    return nn.Sequential(nn.Flatten(), *layers)
"""
    helper.write_text(text)
    workspace.write_config(with_value(workspace.config, "model", {"name": "mine:network"}))
    target = workspace.training("w2_n0.5_s0") / "training.json"
    here = {"PYTHONPATH": str(tmp_path / "elsewhere")}
    workspace.snakemake(target, **here)
    training = {("train", "training=mine.network_w2_n0.5_s0")}
    assert workspace.pending(target, **here) == set()
    helper.write_text(text.replace("A linear map.", "Two of them."))
    assert workspace.pending(target, **here) == set()
    helper.write_text(text.replace("ReLU", "Tanh"))
    assert workspace.pending(target, **here) == training
    workspace.snakemake(target, **here)
    assert "going on" not in workspace.training_log("w2_n0.5_s0").read_text(), "from the start"
    assert len(list((workspace.path / "results/cache/training").iterdir())) == 2


@pytest.mark.slow
def test_experiments_that_agree_on_a_training_have_one_job(finished):
    text = (finished.path / "config.yaml").read_text()
    both = copy.deepcopy(finished.config)
    other = both["experiments"]["other"] = copy.deepcopy(both["experiments"]["tiny"])
    other["geometry"]["kappa"] = 0.1
    other["analysis"]["epochs"] = [2]
    try:
        finished.write_config(both)
        assert not {"images", "labels", "train"} & {rule for rule, _ in finished.pending()}
        again = finished.pending("--forcerun", "train")
        trainings = [words for rule, words in again if rule == "train"]
        assert trainings == ["training=vgg-small_w2_n0.5_s0"]
        said = finished.snakemake("--dry-run", "--forcerun", "train", "--printshellcmds")
        assert "--keep=0,1,2" in said.stdout + said.stderr
    finally:
        (finished.path / "config.yaml").write_text(text)


@pytest.mark.slow
def test_reformatting_the_configuration_runs_nothing(finished):
    path = finished.path / "config.yaml"
    text = path.read_text()
    path.write_text(yaml.safe_dump(finished.config, sort_keys=True, indent=8, width=40))
    try:
        assert finished.pending() == set()
    finally:
        path.write_text(text)


@pytest.mark.slow
def test_touching_files_runs_nothing(finished):
    touched = [*finished.path.glob("scripts/**/*.py"), finished.path / "config.yaml"]
    touched.append(finished.data() / "labels/permute_n0.5_s0.parquet")
    touched.append(finished.training("w2_n0.5_s0") / "training.json")
    before = {path: path.stat() for path in touched}
    for path in touched:
        path.touch()
    try:
        assert finished.pending() == set()
    finally:
        for path, times in before.items():
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.slow
def test_a_learning_rate_concerns_its_own_experiment(finished, tmp_path):
    # In a copy: the explorer and the landing page, which experiments share, are made for both.
    place = tmp_path / "copy"
    shutil.copytree(finished.path, place)
    two = Workspace(place)
    both = copy.deepcopy(finished.config)
    other = both["experiments"]["other"] = copy.deepcopy(both["experiments"]["tiny"])
    for stage in ("analysis", "rewind", "gradients"):
        other[stage]["epochs"] = []
    two.write_config(both)
    two.snakemake()
    two.write_config(with_value(both, "training.optimizer.lr", 0.01))
    assert two.pending() == CHANGES["another learning rate"][2]


@pytest.mark.slow
def test_more_epochs_go_on_where_training_ended(finished, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(finished.path, place)
    longer = Workspace(place)
    longer.write_config(with_value(finished.config, "training.epochs", 4))
    longer.snakemake(longer.training("w2_n0.5_s0") / "training.json")
    assert "going on after epoch 3" in longer.training_log("w2_n0.5_s0").read_text()


@pytest.mark.slow
def test_another_device_runs_nothing(finished):
    assert finished.pending(GEOMEM_DEVICE="cuda") == set()


@pytest.mark.slow
def test_other_threads_resources_and_another_profile_run_nothing(finished):
    assert finished.pending("--cores", "1", "--set-threads", "train=2") == set()
    assert finished.pending("--set-resources", "train:gpu=1", "geometry:mem_mb=9000") == set()
    # Without the Slurm executor, which wants Slurm's commands even for a dry run.
    assert finished.pending("--profile", "profiles/slurm", "--executor", "local") == set()


@pytest.mark.slow
def test_another_python_runs_nothing(finished):
    program = (
        "import sys; sys.executable = '/elsewhere/bin/python';"
        " from snakemake.cli import main; main(sys.argv[1:])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, "--dry-run", "--cores", "1"],
        cwd=finished.path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Nothing to be done" in said.stdout + said.stderr


@pytest.mark.slow
def test_a_copy_with_new_times_is_up_to_date(finished, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(finished.path, place, copy_function=shutil.copyfile)
    assert Workspace(place).pending() == set()


@pytest.mark.slow
def test_a_copy_with_its_times_is_up_to_date_without_snakemakes_notes(finished, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(finished.path, place, ignore=shutil.ignore_patterns(".snakemake"))
    assert Workspace(place).pending() == set()
