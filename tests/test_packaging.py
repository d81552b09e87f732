"""One version, and dependencies that are declared where they are used."""

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from geomem import __version__
from geomem.errors import InputError
from geomem.places import COMMANDS, ROOT
from geomem.study import make_study, run

CLONE = Path(__file__).resolve().parents[1]


def test_citation_and_changelog_are_of_this_version():
    citation = yaml.safe_load((CLONE / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    (version, date), *_ = re.findall(
        r"^## (\S+) \((.*)\)$", (CLONE / "CHANGELOG.md").read_text(), re.M
    )
    assert (version, date) == (__version__, str(citation["date-released"]))


def test_what_the_lock_is_made_of_is_declared():
    project = tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = {
        line.partition(">=")[0]
        for part in (project["dependencies"], *extras.values())
        for line in part
    }
    needs = (CLONE / "envs" / "requirements.in").read_text().partition("# tests and lints")[0]
    names = [line.partition("==")[0] for line in needs.splitlines() if not line.startswith("#")]
    assert set(names) <= declared


def test_in_a_clone_the_workflow_is_around_the_package():
    assert ROOT == CLONE
    assert (COMMANDS / "train.py").is_file()


def test_a_study_has_what_a_user_edits(tmp_path):
    make_study(tmp_path / "deep" / "study")
    made = {path.name for path in (tmp_path / "deep" / "study").iterdir()}
    assert made == {"Snakefile", "config.yaml", "presets", "profiles"}


@pytest.mark.parametrize("taken", ["file", "folder"])
def test_a_study_overwrites_nothing(tmp_path, taken):
    place = tmp_path / "study"
    if taken == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "mine").touch()
    with pytest.raises(InputError, match="study exists and is not an empty folder"):
        make_study(place)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["mine.yaml"], "geomem run --configfile mine.yaml"),
        (["--configfile", "presets/papper.yaml"], "did you mean presets/paper.yaml"),
        (["--configfile", "config.yaml", "a.yaml", "--cores", "1"], "there is no file a.yaml"),
    ],
)
def test_run_names_a_configuration_that_is_not_there(tmp_path, monkeypatch, options, message):
    make_study(tmp_path / "study")
    monkeypatch.chdir(tmp_path / "study")
    with pytest.raises(InputError, match=re.escape(message)):
        run(options)


def test_run_takes_a_configuration_after_an_equals_sign(tmp_path, monkeypatch):
    make_study(tmp_path / "study")
    monkeypatch.chdir(tmp_path / "study")
    given = []
    monkeypatch.setattr(
        "geomem.study.subprocess.run",
        lambda command: given.extend(command) or SimpleNamespace(returncode=0),
    )
    assert run(["--configfile=config.yaml", "--cores", "1"]) == 0
    assert given[-3:] == ["--configfile=config.yaml", "--cores", "1"]


def test_run_needs_a_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="geomem init FOLDER"):
        run([])
