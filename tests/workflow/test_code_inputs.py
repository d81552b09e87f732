"""A job depends on every module its command imports, so that editing one starts it again."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from geomem.config.code import checksums, fingerprint, network_checksums, sources
from geomem.places import COMMANDS as SCRIPTS

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
    assert "train.py" in COMMANDS and "measure_layers.py" in COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_modules_loaded_are_among_the_inputs(command):
    said = subprocess.run(
        [sys.executable, "-c", LOADED, str(SCRIPTS / command)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(SCRIPTS), "PATH": "", "OMP_NUM_THREADS": "1"},
    )
    loaded = {Path(path).resolve() for path in json.loads(said.stdout)}
    loaded = {
        path for path in loaded if path.parent.name != "registry"
    }  # decides nothing by itself
    assert loaded - {path.resolve() for path in sources(command)} == set()


def test_a_module_imported_inside_a_function_counts(tmp_path):
    assert SCRIPTS / "geomem" / "storage" / "atomic.py" in sources("train.py")
    assert SCRIPTS / "geomem" / "figures" / "seeds.py" not in sources("train.py")
    assert SCRIPTS / "geomem" / "figures" / "seeds.py" in sources("draw_figure.py")


def test_a_network_counts_where_it_is_used_and_no_other_does():
    vgg = json.loads(checksums("train.py", ["geomem.models.vgg:vgg16"]))
    assert {"geomem/models/vgg.py", "geomem/models/parts.py"} <= set(vgg)
    assert "geomem/models/resnet.py" not in vgg
    assert not any(name.startswith("geomem/registry") for name in vgg)
    assert set(network_checksums("vgg16")) == {"geomem/models/vgg.py", "geomem/models/parts.py"}


def test_a_figure_depends_on_its_own_module_alone():
    depth = json.loads(checksums("draw_figure.py", ["geomem.figures.depth:draw"]))
    assert "geomem/figures/depth.py" in depth
    assert "geomem/figures/rewind.py" not in depth


def geometry_of(text, tmp_path, monkeypatch):
    """Modules of the geometry that a user's measure of this text depends on."""
    (tmp_path / "mine.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    counted = json.loads(checksums("measure_layers.py", ["mine:measure"]))
    return {name.rpartition("/")[2] for name in counted if name.startswith("geomem/geometry/")}


@pytest.mark.parametrize(
    ("statement", "low_rank", "joint"),
    [
        ("from geomem.geometry.products import gram_of_all", False, False),
        ("from geomem.geometry import products", False, False),
        ("from geomem.geometry import ManifoldProducts", False, False),
        ("from geomem.geometry import manifold_geometry", True, False),
        ("from geomem.geometry import manifold_geometry, glue_geometry", True, True),
        ("import geomem.geometry", True, True),
        ("from geomem import geometry", True, True),
        ("from geomem.geometry import *", True, True),
    ],
)
def test_names_imported_when_used_count_by_the_name(
    tmp_path, monkeypatch, statement, low_rank, joint
):
    found = geometry_of(f"def measure(products):\n    {statement}", tmp_path, monkeypatch)
    assert {"__init__.py", "products.py"} <= found
    assert ("lowrank.py" in found, "glue_solver.py" in found) == (low_rank, joint)


def test_storing_inner_products_depends_on_no_estimator():
    counted = {path.name for path in sources("extract_activations.py")}
    assert "products.py" in counted and not {"lowrank.py", "anchors.py", "glue.py"} & counted


@pytest.mark.parametrize("package", ["geometry", "statistics", "foreign"])
def test_every_name_imported_when_used_is_where_the_package_says(package):
    module = importlib.import_module(f"geomem.{package}")
    for name in module.__all__:
        assert callable(getattr(module, name))


def test_a_page_depends_on_its_scripts_and_its_style():
    explorer = json.loads(checksums("write_explorer.py"))
    from geomem.pages.explorer.page import SCRIPTS as scripts

    place = SCRIPTS / "geomem/pages/explorer"
    assert {path.stem for path in place.glob("*.js")} == set(scripts)
    for name in (*(f"{name}.js" for name in scripts), "style.css"):
        assert explorer[f"geomem/pages/explorer/{name}"] == fingerprint(place / name)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A user's network in a package, with a helper there, one in PYTHONPATH, and one of geomem."""
    for path, text in {
        "here/nets/__init__.py": "",
        "here/nets/mine.py": "def build():\n    from .blocks import block\n    import numpy, torch",
        "here/nets/blocks.py": "from geomem.models.parts import mark\nimport far.away as away",
        "here/nets/unused.py": "",
        "there/far/__init__.py": "",
        "there/far/away.py": "import json",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend(tmp_path / "there")
    return tmp_path


def test_all_that_a_users_network_imports_counts_unless_it_is_installed(own):
    expected = {
        "nets/__init__.py", "nets/mine.py", "nets/blocks.py", "far/__init__.py", "far/away.py",
        "geomem/models/parts.py",
    }  # fmt: skip
    assert set(network_checksums("nets.mine:build")) == expected
    assert expected <= set(json.loads(checksums("train.py", ["nets.mine:build"])))


def test_a_changed_helper_of_a_users_network_changes_its_checksums(own):
    before = network_checksums("nets.mine:build")
    (own / "there/far/away.py").write_text("import json, os")
    after = network_checksums("nets.mine:build")
    assert {name for name in before if before[name] != after[name]} == {"far/away.py"}


EQUAL = '__version__ = "1"\n\n\ndef f(x):\n    "What f does."\n    return [x, 2]\n'


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("def f(x):  # a comment\n    return [ x,\n     2 ]\n", True),
        ('"""A module."""\n\ndef f(x):\n    """Other words."""\n    return [x, 2]\n', True),
        ("def f(x):\n    return [x, 2.0]\n", False),
        ("def f(x):\n    return (x, 2)\n", False),
        ("def f(y):\n    return [y, 2]\n", False),
        ("def f(x):\n    return [x, '2']\n", False),
        ("def f(x=None):\n    return [x, 2]\n", False),
        ("async def f(x):\n    return [x, 2]\n", False),
        ("def f(x):\n    return [x], 2\n", False),
    ],
)
def test_a_checksum_is_of_what_the_code_does(tmp_path, text, same):
    (tmp_path / "a.py").write_text(EQUAL)
    (tmp_path / "b.py").write_text(text)
    assert (fingerprint(tmp_path / "a.py") == fingerprint(tmp_path / "b.py")) == same
    (tmp_path / "b.py").write_text("def f(:")
    assert len(fingerprint(tmp_path / "b.py")) == 12, "what Python cannot read counts as it is"
