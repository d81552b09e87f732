"""The wheel, built and used in an environment of its own, in a folder that is no clone.

The library is tried first. The workflow is then installed into the same environment, so that the
geometry is compiled once.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from geomem import __version__
from geomem.commands import COMMANDS

from tests.workflow.conftest import ROOT, tiny_config

pytestmark = pytest.mark.slow
UV = Path(sys.executable).parent / "uv"


def said(*command, folder, status=0, **environment):
    """What a command prints, to either stream."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        command,
        cwd=folder,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ended.returncode == status, ended.stdout
    return ended.stdout


class Installed:
    """The programs of an environment into which the wheel is installed."""

    def __init__(self, folder, wheel):
        said(UV, "venv", "--quiet", "--python", sys.executable, folder, folder=folder.parent)
        self.programs, self.wheel = folder / "bin", wheel
        self.install("")

    def install(self, extra):
        said(
            *(UV, "pip", "install", "--quiet", "--python", self.programs / "python"),
            *("--constraint", ROOT / "envs" / "requirements.txt", f"{self.wheel}{extra}"),
            folder=self.programs.parent,
        )

    def __call__(self, program, *arguments, folder, **how):
        return said(self.programs / program, *arguments, folder=folder, **how)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    said(UV, "build", "--quiet", "--wheel", "--out-dir", place, ROOT, folder=place)
    (built,) = place.glob("*.whl")
    assert built.name.startswith(f"geomem-{__version__}-")
    return built


def test_the_wheel_holds_every_file_of_the_package_and_the_workflow(wheel):
    package = {
        f"geomem/{path.relative_to(ROOT / 'scripts' / 'geomem')}"
        for path in (ROOT / "scripts" / "geomem").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    parts = ("rules/*", "rules/*/*", "presets/*.yaml", "profiles/*/config.yaml", "scripts/*.py")
    workflow = {
        f"geomem/_workflow/{path.relative_to(ROOT)}"
        for part in ("Snakefile", "workflow/Snakefile", "config.yaml", *parts)
        for path in ROOT.glob(part)
        if path.is_file()
    }
    held = set(zipfile.ZipFile(wheel).namelist())
    assert package | workflow <= held
    assert not any(name.startswith(("tests/", "docs/", "geomem/_workflow/tests")) for name in held)


@pytest.fixture(scope="module")
def library(wheel, tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed") / "env", wheel)


@pytest.fixture(scope="module")
def workflow(library):
    library.install("[workflow]")
    return library


def test_library_alone_measures_and_names_the_extra_that_is_missing(library, tmp_path):
    points = np.random.default_rng(0).standard_normal((20, 10, 500))
    np.save(tmp_path / "points.npy", points)
    assert "capacity" in library("geomem", "geometry", "points.npy", folder=tmp_path)
    assert (tmp_path / "points.geometry.csv").is_file()
    assert __version__ in library("geomem", "--version", folder=tmp_path)
    for command in ("check", "layers", "inspect"):
        arguments = {"inspect": ["a.parquet"]}.get(command, [])
        (tmp_path / "a.parquet").touch()
        text = library("geomem", command, *arguments, folder=tmp_path, status=2)
        assert "pip install 'geomem[" in text and "Traceback" not in text
    library("geomem", "init", "study", folder=tmp_path)
    text = library("geomem", "run", folder=tmp_path / "study", status=2)
    assert "snakemake, which is not installed; pip install 'geomem[workflow]'" in text
    program = (
        "import numpy; from geomem.geometry import manifold_geometry;"
        "manifold_geometry(numpy.load('points.npy'), random_state=0).to_frame()"
    )
    text = library("python", "-c", program, folder=tmp_path, status=1)
    assert "pip install 'geomem[tables]'" in text.splitlines()[-1]


def test_a_study_from_the_wheel_runs_from_start_to_report(workflow, tmp_path):
    text = workflow("geomem", "init", "my-study", folder=tmp_path)
    assert "geomem run" in text
    study = tmp_path / "my-study"
    assert workflow("geomem", "check", folder=study).count("network") == 2
    workflow("geomem", "check", "--configfile", "presets/factors.yaml", folder=study)
    assert "fc" in workflow("geomem", "layers", folder=study)
    (study / "config.yaml").write_text(yaml.safe_dump(tiny_config()))
    assert "no Snakefile" in workflow("geomem", "run", folder=tmp_path, status=2)
    workflow("geomem", "run", "--cores", "2", folder=study)
    for made in ("claims/claims.html", "../explorer.html", "figures/depth.png"):
        assert (study / "results/tiny" / made).is_file()
    assert "Nothing to do" in workflow("geomem", "run", folder=study)
    assert "Nothing would be run" in workflow("geomem", "explain", folder=study)
    assert "done" in workflow("geomem", "status", folder=study)
    assert "accuracy" in workflow("geomem", "summary", "tiny", folder=study)
    assert '"stage": "collect_table"' in workflow(
        "geomem", "inspect", "results/tiny/tables/geometry.parquet", folder=study
    )
    workflow("geomem", "run", "--report", "report.html", folder=study)
    assert (study / "report.html").is_file()
    # Nothing runs again where the study lies elsewhere, and geomem elsewhere seen from it.
    os.rename(study, tmp_path / "moved")
    (tmp_path / "deeper").mkdir()
    os.rename(tmp_path / "moved", tmp_path / "deeper" / "study")
    assert "Nothing to do" in workflow("geomem", "run", folder=tmp_path / "deeper" / "study")


def test_every_command_has_help_with_its_example(workflow, tmp_path):
    overview = workflow("geomem", "--help", folder=tmp_path)
    for name, command in COMMANDS.items():
        assert f"  {name} " in overview and command.summary in overview
        text = workflow("geomem", name, "--help", folder=tmp_path)
        assert text.startswith(f"usage: geomem {name}")
        assert f"Example: {command.example}" in text
