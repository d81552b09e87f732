"""docs/own-model.md, done: the code on the page works from the user's folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from geomem.errors import InputError
from geomem.models.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/own-model.md").read_text()


@pytest.fixture
def folder(tmp_path):
    code = re.search(r"```python[^\n]*\n(.*?)```", PAGE, re.DOTALL).group(1)
    text = "\n".join(line.removeprefix("   ") for line in code.splitlines())
    (tmp_path / "my_networks.py").write_text(text)
    return tmp_path


OPTIONS = re.search(r"geomem layers (--model \S+ --width \d+ --classes \d+)", PAGE)[1].split()


def test_the_page_from_the_users_folder(folder):
    done = subprocess.run(
        [sys.executable, "-m", "geomem", "layers", *OPTIONS, "--options", '{"depth": 2}'],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:-1]]
    assert [(row[1], row[2]) for row in rows] == [
        ("input", "input"), ("0", "conv"), ("3", "conv"), ("6", "pool"), ("8", "linear"),
    ]  # fmt: skip
    assert int(rows[1][-1]) == 3 * 8 * 9 + 8 + 16  # the batch norm after it included
    assert done.stdout.splitlines()[-1] == "2,130 parameters"


def test_a_module_elsewhere_needs_pythonpath(folder, tmp_path_factory, monkeypatch, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(InputError, match=r"module 'my_networks' .* cannot be imported") as error:
        main(OPTIONS)
    assert f"{elsewhere} (where the workflow is run)" in str(error.value)
    monkeypatch.syspath_prepend(folder)
    main(OPTIONS)
    assert "linear" in capsys.readouterr().out
    monkeypatch.delitem(sys.modules, "my_networks")


def test_marking_as_on_the_page():
    import torch
    from geomem.models.layers import find_layers

    code = re.findall(r"```python\n(def layer.*?)```", PAGE, re.DOTALL)[0]
    space = {"nn": torch.nn}
    exec(code, space)
    conv, norm = torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)
    head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(3))
    model = torch.nn.Sequential(space["layer"](conv, norm, torch.nn.ReLU()), head)
    model(torch.randn(3, 1, 8, 8))
    found, _ = find_layers(model.eval(), torch.randn(3, 1, 8, 8))
    assert [(x.name, x.kind) for x in found] == [
        ("input", "input"), ("0", "conv"), ("1.1", "linear"),
    ]  # fmt: skip
    assert {"0.0.weight", "0.1.running_mean"} <= set(found[1].state)
