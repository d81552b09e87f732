"""A copy of the workflow with a tiny configuration, run once for the tests of this folder."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from geomem.config.experiments import resolve
from geomem.config.sharing import data_name, trainings

from tests.workflow.slurm import cluster as slurm

ROOT = Path(__file__).resolve().parents[2]
# Functions of a user's own, which the tiny configuration does not name.
MINE = """
import numpy
from matplotlib.figure import Figure


def spread(products):
    return {"spread": numpy.array([numpy.trace(gram) for gram in products.grams])}


def overview(accuracy):
    return Figure()


def learns(view):
    return view.accuracy("last", "test")


def darker(images):
    return images - 0.1
"""
PARTS = ("Snakefile", "rules", "scripts", "profiles")


@dataclass(frozen=True)
class Workspace:
    """A folder with the workflow in it."""

    path: Path

    @property
    def config(self):
        return yaml.safe_load((self.path / "config.yaml").read_text())

    def data(self, experiment="tiny"):
        """Folder of the images and labels of an experiment."""
        return self.path / "results/shared/data" / data_name(resolve(self.config, experiment))

    def training(self, run, experiment="tiny"):
        """Folder of the training of one run."""
        of_run = trainings({experiment: resolve(self.config, experiment)})[1]
        return self.path / "results/shared/trained" / of_run[experiment, run]

    def training_log(self, run):
        return self.path / f"results/shared/logs/train/{self.training(run).name}.log"

    def write_config(self, config):
        (self.path / "config.yaml").write_text(yaml.safe_dump(config))

    def environment(self, **variables):
        """Environment variables of a process here."""
        return {**os.environ, **variables}

    def snakemake(self, *arguments, check=True, **environment):
        """Run Snakemake here; on failure show what it said. Targets may be paths."""
        arguments = [
            str(each.relative_to(self.path)) if isinstance(each, Path) else each
            for each in arguments
        ]
        result = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=self.path,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
        )
        if check and result.returncode:
            pytest.fail(f"snakemake {' '.join(arguments)}\n{result.stdout}\n{result.stderr}")
        return result

    def start(self):
        """Snakemake in the background, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "2"],
            cwd=self.path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def geomem(self, *arguments):
        """Run `python -m geomem` here."""
        return subprocess.run(
            [sys.executable, "-m", "geomem", *arguments],
            cwd=self.path,
            env=self.environment(PYTHONPATH="scripts"),
            capture_output=True,
            text=True,
        )

    def pending(self, *arguments, **environment):
        """What a dry run would do: a set of (rule, wildcards) pairs, rule `all` left out.

        Names of data sets and trainings stand without their checksums.
        """
        said = self.snakemake("--dry-run", *arguments, **environment)
        text = said.stdout + said.stderr
        if "Nothing to be done" in text:
            return set()
        jobs = set()
        for block in re.split(r"\n(?=(?:local)?rule \w+:\n)", "\n" + text)[1:]:
            name = re.match(r"(?:local)?rule (\w+):", block).group(1)
            wildcards = re.search(r"^    wildcards: (.*)$", block, re.MULTILINE)
            words = re.sub(r"-[0-9a-f]{8}\b", "", wildcards.group(1)) if wildcards else ""
            jobs.add((name, words))
        assert jobs, text
        return {job for job in jobs if job[0] != "all"}


def tiny_config():
    """The tiny configuration; what claims are judged by is that of the default one."""
    config = yaml.safe_load((Path(__file__).parent / "tiny.yaml").read_text())
    default = yaml.safe_load((ROOT / "config.yaml").read_text())
    return config | {"defaults": {"claims": default["defaults"]["claims"]}}


def make_workspace(path):
    """Copy the workflow to `path` and give it the tiny configuration."""
    path.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # Compiled geometry comes along, where there is any: compiling takes a minute.
            shutil.copytree(source, path / part, ignore=shutil.ignore_patterns("*.pyc"))
        else:
            shutil.copy2(source, path / part)
    (path / "config.yaml").write_text(yaml.safe_dump(tiny_config()))
    (path / "mine.py").write_text(MINE)
    return Workspace(path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny workflow, run to its end. Tests undo what they change in it."""
    workspace = make_workspace(tmp_path_factory.mktemp("finished"))
    workspace.snakemake()
    return workspace


@pytest.fixture(scope="module")
def cluster():
    """A Slurm cluster of one node with four cores."""
    running = slurm.start(cores=4)
    yield running
    running.stop()
