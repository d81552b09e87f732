"""Every piece of code in README and the documents is right."""

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from geomem.commands import COMMANDS
from geomem.config.check import check
from geomem.config.experiments import merged
from geomem.config.schema import schema

from tests.docs.blocks import ROOT, blocks, pages

PAGES = {str(page.relative_to(ROOT)): page for page in pages()}
TUTORIALS = ("docs/tutorials/network.md", "docs/tutorials/verdicts.md")  # one after the other
# Their code needs the files that the page describes; tests of their own follow them:
# tests/workflow/test_extending.py and tests/foreign/.
ELSEWHERE = tuple(
    f"docs/{name}.md" for name in ("extending", "labels", "own-activations", "own-weights")
)
PROGRAM = Path(sys.executable).parent


def with_python(names):
    return [
        name
        for name in names
        if any(block.language == "python" and not block.is_file for block in blocks(PAGES[name]))
    ]


def follow(page, folder):
    ended = subprocess.run(
        [sys.executable, "-m", "tests.docs.blocks", page],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "scripts"))),
            "PATH": f"{PROGRAM}{os.pathsep}{os.environ['PATH']}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.mark.parametrize(
    "name", [n for n in with_python(PAGES) if n not in (*TUTORIALS, *ELSEWHERE)]
)
def test_python_of_a_page_runs_from_top_to_bottom(name, tmp_path):
    follow(PAGES[name], tmp_path)


@pytest.mark.parametrize("name", with_python(PAGES))
def test_code_that_needs_results_imports_what_there_is(name):
    for block in blocks(PAGES[name]):
        if block.language == "python" and block.left_out:
            for node in ast.walk(ast.parse(block.text)):
                if isinstance(node, ast.ImportFrom):
                    module = importlib.import_module(node.module)
                    assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.mark.slow
def test_tutorials_with_a_run(tmp_path):
    said = follow(PAGES[TUTORIALS[0]], tmp_path)
    assert "T1-permuted" in said
    said = follow(PAGES[TUTORIALS[1]], tmp_path / "my-network")
    assert "-> supported" in said


@pytest.mark.parametrize("name", PAGES)
def test_configurations_are_right(name, tmp_path, monkeypatch):
    """A whole overlay must pass the check; a piece must fit where it belongs."""
    default = yaml.safe_load((ROOT / "config.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    for block in blocks(PAGES[name]):
        if block.is_file:
            Path(block.title).write_text(block.text)
    sections = schema()["$defs"]["experiment"]["properties"]
    for block in blocks(PAGES[name]):
        if block.language != "yaml" or block.left_out or name in ELSEWHERE:
            continue
        piece = yaml.safe_load(block.text)
        if set(piece) <= set(sections):
            piece = {"defaults": piece}
        check(merged(default, piece))


@pytest.mark.parametrize("name", PAGES)
def test_commands_exist(name):
    """What starts a line of a shell block is a command of geomem, a target of make, or a file."""
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for block in blocks(PAGES[name]):
        if block.language not in ("console", "sh", "bash"):
            continue
        for line in block.text.splitlines():
            words = line.split("#")[0].split()
            if words[:3] == ["python", "-m", "geomem"]:
                words = words[2:]
            if words[:1] == ["geomem"]:
                assert words[1] in COMMANDS, line
            elif words[:1] == ["make"]:
                named = [word for word in words[1:] if "=" not in word]
                assert set(named) <= set(targets), line
            elif words[:1] == ["python"] and words[1].endswith(".py"):
                on_the_page = f"# {words[1]}\n" in PAGES[name].read_text()
                assert on_the_page or (ROOT / words[1]).is_file(), line
            for word in words:
                if word.startswith(("presets/", "profiles/")):
                    assert (ROOT / word).exists(), line
