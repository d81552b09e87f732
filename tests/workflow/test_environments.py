"""What is installed is what is imported: the lock, and the extras of the package."""

import ast
import re
import sys
import tomllib

import pytest
from geomem.config.code import sources
from geomem.places import COMMANDS, PACKAGE, ROOT

LOCK = (ROOT / "envs" / "requirements.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
MODULES = {"pillow": "PIL", "pyyaml": "yaml"}  # of packages that are called otherwise


def test_the_lock_names_hashes_and_no_index():
    assert LOCK.count("--hash=sha256:") > 100
    assert "://" not in LOCK and "index" not in LOCK


def modules(*requirements):
    """Top-level modules of packages that are required as in pyproject.toml."""
    names = {re.match(r"[\w-]+", text).group() for text in requirements} - {"geomem"}
    return {MODULES.get(name, name.replace("-", "_")) for name in names}


LIBRARY = modules(*PROJECT["dependencies"])
WORKFLOW = LIBRARY | modules(*EXTRAS["tables"], *EXTRAS["workflow"], *EXTRAS["files"])


def imported(paths):
    """Top-level modules, not of geomem or Python itself, that files import, by file."""
    found = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.append(node.module)
            for name in {name.partition(".")[0] for name in names}:
                if name not in sys.stdlib_module_names and not name.startswith("geomem"):
                    found.setdefault(name, set()).add(path.name)
    return found


@pytest.mark.parametrize("command", sorted(path.name for path in COMMANDS.glob("*.py")))
def test_the_extra_of_the_workflow_has_what_a_command_imports(command):
    python = [path for path in sources(command) if path.suffix == ".py"]
    assert set(imported(python)) <= WORKFLOW


def test_the_extras_have_what_the_package_imports():
    found = imported(PACKAGE.rglob("*.py"))
    assert {name: found[name] for name in set(found) - WORKFLOW} == {}


@pytest.mark.parametrize("part", ["geometry", "measures", "statistics", "compat.py"])
def test_the_library_imports_what_comes_with_it(part):
    place = PACKAGE / part
    found = imported([place] if place.is_file() else place.rglob("*.py"))
    # Tables as .parquet and plots are made where these two are there; a message says so where not.
    assert set(found) - {"pandas", "matplotlib"} <= LIBRARY
