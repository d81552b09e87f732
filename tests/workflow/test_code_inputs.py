"""A job depends on every module its command imports, so that editing one starts it again."""

import subprocess
import sys
from pathlib import Path

import pytest
from geomem.config.code import SCRIPTS, own_model, sources

COMMANDS = sorted(path.name for path in SCRIPTS.glob("*.py"))

# Import the command and then, as its main would, every geomem module named in its source.
LOADED = """
import ast, importlib, importlib.util, json, sys
path = sys.argv[1]
tree = ast.parse(open(path).read())
for node in ast.walk(tree):
    if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "geomem":
        importlib.import_module(node.module)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] == "geomem":
                importlib.import_module(alias.name)
files = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "geomem"]
print(json.dumps([f for f in files if f]))
"""


def test_there_are_commands():
    assert "train.py" in COMMANDS and "measure_geometry.py" in COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_modules_loaded_are_among_the_inputs(command):
    import json

    said = subprocess.run(
        [sys.executable, "-c", LOADED, str(SCRIPTS / command)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(SCRIPTS), "PATH": "", "OMP_NUM_THREADS": "1"},
    )
    loaded = {Path(path).resolve() for path in json.loads(said.stdout)}
    assert loaded - {path.resolve() for path in sources(command)} == set()


def test_a_module_imported_inside_a_function_counts(tmp_path):
    assert SCRIPTS / "geomem" / "storage" / "atomic.py" in sources("train.py")
    assert SCRIPTS / "geomem" / "figures" / "depth.py" not in sources("train.py")
    assert SCRIPTS / "geomem" / "figures" / "depth.py" in sources("draw_figure.py")


def test_ones_own_network_counts_where_it_lies_below_the_folder(tmp_path):
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "mine.py").touch()
    assert own_model("nets.mine:build", tmp_path) == [str(tmp_path / "nets" / "mine.py")]
    assert own_model("elsewhere:build", tmp_path) == []
    assert own_model("vgg16", tmp_path) == []
