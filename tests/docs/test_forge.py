"""The forge's files call targets of the Makefile, and `make help` names all of these."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE).group(1).split())
CI = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
TEXTS = [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
TEXTS += sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md"))


def test_every_step_is_a_target_of_make():
    steps = [step for job in CI["jobs"].values() for step in job["steps"]]
    run = [step["run"].split() for step in steps if "run" in step]
    assert {words[0] for words in run} == {"make"}
    called = {words[1] for words in run}
    assert called <= TARGETS
    assert called >= {"test", "lint", "tiny", "test-wheel", "test-study", "docs"}


def test_the_library_is_tested_on_linux_and_macos_with_every_python_it_names():
    matrix = CI["jobs"]["library"]["strategy"]["matrix"]
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos"}
    project = (ROOT / "pyproject.toml").read_text()
    assert matrix["python"] == re.findall(r"Python :: (3\.\d+)", project)


def test_help_names_every_target():
    named = set(re.findall(r'echo "make ([\w-]+) ', MAKEFILE))
    assert named == TARGETS - {"help"}
    assert set(re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE)) >= TARGETS


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_a_text_names_targets_that_exist(path):
    named = re.findall(r"(?:^|`)make ([\w-]+)", path.read_text(), re.MULTILINE)
    assert set(named) <= TARGETS


def test_hooks_call_what_the_environment_has():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    lock = (ROOT / "envs" / "requirements.txt").read_text()
    for hook in hooks:
        assert f"\n{Path(hook['entry'].split()[0]).name}==" in lock
