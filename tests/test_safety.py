"""What comes from disk or from a name is data and never code, and stays where it belongs."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from geomem.config.cli import read
from geomem.errors import DamagedFileError, InputError
from geomem.storage.arrays import read_arrays
from geomem.training.snapshot import read_snapshot

ROOT = Path(__file__).resolve().parents[1]
# Numba's cache of compiled functions is code, and no data: it unpickles what it compiled itself.
CODE_ITSELF = ROOT / "scripts/geomem/geometry/compiled.py"
SOURCES = sorted([*ROOT.glob("scripts/**/*.py"), *ROOT.glob("benchmarks/*.py")])
SOURCES.remove(CODE_ITSELF)
RULES = [ROOT / "Snakefile", *sorted(ROOT.glob("rules/*.smk"))]
# Calls that run code, or may find it in a file.
FORBIDDEN = {
    "eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads",
    "pandas.read_pickle", "pd.read_pickle", "torch.load", "joblib.load", "yaml.unsafe_load",
    "yaml.full_load", "yaml.load_all", "marshal.loads", "shelve.open",
}  # fmt: skip


def calls(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_call_runs_what_it_reads(path):
    for name, call in calls(path):
        keywords = {word.arg: ast.unparse(word.value) for word in call.keywords}
        data_alone = name == "torch.load" and keywords.get("weights_only") == "True"
        assert name not in FORBIDDEN or data_alone, f"line {call.lineno}: {name}"
        assert keywords.get("shell", "False") == "False", f"line {call.lineno}"
        assert keywords.get("allow_pickle", "False") == "False", f"line {call.lineno}"
        if name == "yaml.load":
            loader = ast.unparse(call.args[1])
            assert loader == "_Loader" and issubclass(_loader(), yaml.SafeLoader)
    imported = re.findall(
        r"^\s*(?:import|from) (pickle|marshal|shelve|dill)\b", path.read_text(), re.M
    )
    assert imported == []


def _loader():
    from geomem.config import cli

    return cli._Loader


def test_every_path_and_setting_in_a_command_line_is_quoted():
    parts = [
        (path.name, part)
        for path in RULES
        for command in re.findall(r"shell:\n((?: +\"[^\n]*\n)+)", path.read_text())
        for part in re.findall(r"\{([^}]*)\}", command)
    ]
    assert len(parts) > 50
    # The others are numbers, or made of quoted parts.
    others = (
        "threads", "params.command", "params.keep", "params.inputs", "params.figures",
        "params.tables", "params.images",
    )  # fmt: skip
    assert [found for found in parts if not found[1].endswith((":q", *others))] == []


def test_code_in_yaml_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    target = tmp_path / "made"
    path.write_text(f"a: !!python/object/apply:pathlib.Path.touch [{target}]\n")
    with pytest.raises(InputError, match="is not YAML"):
        read(path)
    assert not target.exists()


class Evil:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return (open, ("/tmp/geomem-unpickled", "w"))


def test_pickled_arrays_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([Evil()], dtype=object))
    with pytest.raises(DamagedFileError):
        read_arrays(path)
    torch = pytest.importorskip("torch")
    weights = tmp_path / "last.safetensors"
    torch.save({"x": Evil()}, weights)
    with pytest.raises(DamagedFileError):
        read_snapshot(weights)
    assert not Path("/tmp/geomem-unpickled").exists()
