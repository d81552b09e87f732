"""How commands end: one message and a documented status for what a user can fix."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from geomem import __version__, commands
from geomem.__main__ import main
from geomem.errors import DamagedFileError, InputError, PreemptedError
from geomem.process import exit_status, job, run

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("key: wrong"), 2),
        (DamagedFileError("file: cut short"), 3),
        (PreemptedError("stopped"), 75),
        (KeyboardInterrupt(), 130),
        (FileNotFoundError(2, "No such file or directory", "absent"), 1),
    ],
)
def test_a_users_error_is_one_line_and_a_status(error, status, capsys):
    with pytest.raises(SystemExit) as ended:
        run(raising(error))
    said = capsys.readouterr().err
    assert ended.value.code == status
    assert said.count("\n") == 1 and "Traceback" not in said


def test_too_little_memory_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        run(raising(MemoryError("Unable to allocate 9 TiB")))
    said = capsys.readouterr().err
    assert ended.value.code == 1 and "Traceback" not in said
    assert "error: not enough memory (Unable to allocate 9 TiB)" in said


def test_a_fault_of_geomem_shows_where(capsys):
    with pytest.raises(SystemExit) as ended:
        run(raising(ZeroDivisionError("oops")))
    assert ended.value.code == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "status"),
    [(lambda: None, 0), (raising(InputError("key: wrong")), 2), (raising(KeyError("k")), 1)],
)
def test_a_log_tells_when_a_job_began_and_how_it_ended(command, status, capsys):
    with pytest.raises(SystemExit):
        job(command)
    said = capsys.readouterr().err
    assert re.match(rf"20\d\d-[-\d]+T[:\d]+Z on .*: geomem {re.escape(__version__)}, ", said)
    assert exit_status(said) == status
    assert exit_status(said.rpartition("ended")[0]) is None
    assert exit_status(said + "more\n") is None


def test_a_command_with_torch_ends_without_unloading_it_and_with_its_status(tmp_path):
    script = tmp_path / "command.py"
    script.write_text(
        f"""
import atexit, sys, types
sys.path.insert(0, {str(SCRIPTS)!r})
from geomem.process import job
from geomem.errors import InputError

class Kept:
    def __del__(self):
        print("unloaded")

def main():
    atexit.register(print, "registered functions are called")
    if len(sys.argv) > 1:
        sys.modules["torch"] = types.ModuleType("torch")
        sys.modules["torch"].kept = Kept()
    raise InputError("key: wrong")

kept = Kept()
job(main)
"""
    )
    for arguments, unloaded in (["torch"], False), ([], True):
        command = [sys.executable, str(script), *arguments]
        said = subprocess.run(command, capture_output=True, text=True)
        assert said.returncode == 2 and "error: key: wrong" in said.stderr
        assert "registered functions are called" in said.stdout
        assert ("unloaded" in said.stdout) == unloaded


def test_the_package_lists_its_commands(capsys):
    assert main(["--help"]) == 0
    assert "geometry" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
    assert main(["nonsense"]) == 2
    assert "no command is called 'nonsense'" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["geomem", "geomem.geometry", "geomem.config.check"])
def test_light_imports(module):
    code = f"import sys, {module}; print('torch' in sys.modules, 'pandas' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(SCRIPTS), "PATH": ""},
    )
    assert said.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("command", ["run", "explain", "status"])
def test_configurations_are_named_by_an_option_and_are_there(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "paper.yaml").touch()
    with pytest.raises(InputError, match=f"expected: geomem {command} --configfile mine.yaml"):
        commands.snakemake_options(command, "", ["mine.yaml"])
    for wrong in (["--configfile", "presets/papper.yaml"], ["--configfile=presets/papper.yaml"]):
        with pytest.raises(InputError, match=r"did you mean presets/paper\.yaml"):
            commands.snakemake_options(command, "", ["--cores", "1", *wrong])
    right = ["--configfile", "presets/paper.yaml", "--cores", "1"]
    assert commands.snakemake_options(command, "", right) == right
