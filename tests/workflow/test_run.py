"""What jobs know of the run that they belong to."""

import errno
import fcntl
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from geomem.config.code import fingerprint
from geomem.errors import InputError
from geomem.storage.tables import read_table
from geomem.workflow import run

from tests.workflow.conftest import make_workspace
from tests.workflow.waiting import until

SETTINGS = {"experiments": {"one": {"widths": [2]}}}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A folder for results, outside of every run."""
    monkeypatch.setenv("GEOMEM_RUN", "")  # so that what `begin` sets is taken back
    monkeypatch.delenv("GEOMEM_RUN")
    yield tmp_path / "results"
    while run._taken:  # by this process, as a job
        run._taken.pop().close()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """An imported module of the user's."""
    path = tmp_path / "of_the_user.py"
    path.write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("of_the_user")
    del sys.modules["of_the_user"]


def sources_of(module):
    path = Path(module.__file__)
    found = path.stat()
    return {str(path): (found.st_mtime_ns, found.st_size, fingerprint(path))}


def run_file(results):
    (path,) = (results / ".run").iterdir()
    return path


def test_outside_of_a_run_nothing_is_asked(results):
    assert run.settings_of_run() is None
    with run.joined():
        pass


def test_jobs_have_the_settings_that_the_run_began_with(results):
    run.begin(results, SETTINGS, {})
    assert run.settings_of_run() == SETTINGS
    assert json.loads(run_file(results).read_bytes())["settings"] == SETTINGS


def test_a_job_of_a_run_that_is_over_makes_nothing(results, monkeypatch):
    run.begin(results, SETTINGS, {})
    of_the_first = os.environ["GEOMEM_RUN"]
    run.begin(results, SETTINGS, {})
    assert len(list((results / ".run").iterdir())) == 1, "of a run that is over nothing is left"
    monkeypatch.setenv("GEOMEM_RUN", of_the_first)
    with pytest.raises(InputError, match="is over"):
        run.settings_of_run()
    with pytest.raises(InputError, match="is over"), run.joined():
        pytest.fail("it began")


def test_a_file_that_goes_while_it_is_opened(results, monkeypatch):
    run.begin(results, SETTINGS, {})
    monkeypatch.setattr(run.fcntl, "flock", lambda *_: run_file(results).unlink())
    with pytest.raises(InputError, match="is over"):
        run.settings_of_run()


def test_no_run_begins_beside_jobs_of_a_killed_one(results, monkeypatch):
    run.begin(results, SETTINGS, {})
    with open(run_file(results), "rb") as job:
        fcntl.flock(job, fcntl.LOCK_SH)
        with pytest.raises(InputError, match=rf"still at work \(here: process {os.getpid()}\)"):
            run.begin(results, SETTINGS, {})
        assert run_file(results).exists()
        assert run.left_at_work(results)
    assert not run.left_at_work(results)
    run.begin(results, SETTINGS, {})


@pytest.mark.parametrize("take_part", [run.settings_of_run, lambda: run.joined().__enter__()])
def test_a_process_counts_as_a_job_until_it_ends(results, take_part):
    run.begin(results, SETTINGS, {})
    take_part()
    with pytest.raises(InputError, match="still at work"):
        run.begin(results, SETTINGS, {})


def test_jobs_may_have_another_working_directory(results, monkeypatch):
    monkeypatch.chdir(results.parent)
    run.begin("results", SETTINGS, {})
    (results / "elsewhere").mkdir()
    monkeypatch.chdir(results / "elsewhere")
    assert run.settings_of_run() == SETTINGS


@pytest.mark.parametrize("content", ["", "cut o"])
def test_a_file_that_cannot_be_read(results, content):
    run.begin(results, SETTINGS, {})
    run_file(results).write_text(content)
    with pytest.raises(InputError, match=r"cannot be read .*start the run again"):
        run.settings_of_run()


def test_results_that_cannot_be_written(results):
    results.mkdir()
    (results / ".run").write_text("a file")
    with pytest.raises(InputError, match=r"\.run: cannot write there"):
        run.begin(results, SETTINGS, {})


def test_a_file_system_without_locks(results, monkeypatch, capsys):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    run.begin(results, SETTINGS, {})
    monkeypatch.setattr(run.fcntl, "flock", none)
    assert run.settings_of_run() == SETTINGS
    run.begin(results, SETTINGS, {})
    assert "without locks" in capsys.readouterr().err


def test_several_jobs_work_side_by_side(results):
    run.begin(results, SETTINGS, {})
    with run.joined(), run.joined(), pytest.raises(InputError, match="still at work"):
        run.begin(results, SETTINGS, {})


def test_a_module_changed_before_a_job_starts(results, module):
    sources = sources_of(module)
    Path(module.__file__).write_text("VALUE = 20\n")
    run.begin(results, SETTINGS, sources)
    with pytest.raises(InputError, match=r"of_the_user\.py was changed after"), run.joined():
        pytest.fail("it began")


def test_a_module_changed_before_it_is_imported(results, module):
    run.begin(results, SETTINGS, sources_of(module))
    del sys.modules["of_the_user"]
    with pytest.raises(InputError, match=r"of_the_user\.py was changed after"), run.joined():
        Path(module.__file__).write_text("VALUE = 20\n")
        sys.modules["of_the_user"] = module


def test_a_module_of_another_spelling(results, module):
    run.begin(results, SETTINGS, sources_of(module))
    path = Path(module.__file__)
    path.write_text("VALUE = 20\n")
    module.__file__ = str(path.parent / "results" / ".." / path.name)
    with pytest.raises(InputError, match=r"of_the_user\.py was changed after"), run.joined():
        pytest.fail("it began")


def test_a_module_that_is_only_loaded_when_it_is_used(results, tmp_path):
    (tmp_path / "lazy.py").write_text("raise RuntimeError\n")
    spec = importlib.util.spec_from_file_location("lazy", tmp_path / "lazy.py")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    sys.modules["lazy"] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(sys.modules["lazy"])
        run.begin(results, SETTINGS, {})
        with run.joined():
            pass
    finally:
        del sys.modules["lazy"]


def test_a_module_that_is_gone(results, module):
    run.begin(results, SETTINGS, sources_of(module))
    Path(module.__file__).unlink()
    with pytest.raises(InputError, match=r"of_the_user\.py was changed after"), run.joined():
        pytest.fail("it began")


@pytest.mark.parametrize("text", ["VALUE = 1\n", "# said in other words\nVALUE  =  1\n"])
def test_a_change_that_decides_nothing(results, module, text):
    run.begin(results, SETTINGS, sources_of(module))
    Path(module.__file__).write_text(text)
    os.utime(module.__file__, (1, 1))
    with run.joined():
        pass


def test_a_module_changed_while_it_is_in_use(results, module):
    run.begin(results, SETTINGS, sources_of(module))
    with run.joined():
        Path(module.__file__).write_text("VALUE = 20\n")  # the job goes on with what it imported


def test_a_failure_stays_what_it_is(results):
    run.begin(results, SETTINGS, {})
    with pytest.raises(KeyError), run.joined():
        raise KeyError


SLOW = """\
import os, time

while os.path.exists("hold"):
    time.sleep(.1)


def slow(products):
    return {"answer": 1.0}
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """The tiny workflow up to a measure of the user's that waits while there is a file `hold`."""
    workspace = make_workspace(tmp_path_factory.mktemp("held"))
    (workspace.path / "slow.py").write_text(SLOW)
    config = workspace.config
    config["experiments"]["tiny"]["analysis"]["measures"] = ["slow:slow"]
    workspace.write_config(config)
    workspace.snakemake("--until", "activations")
    return workspace


def started(workspace):
    """Snakemake, at work on the measure of one epoch while that of the other waits; their paths."""
    folder = workspace.path / "results/tiny/runs/w2_n0.5_s0/measures/slow"
    measures = [folder / "0.parquet", folder / "last.parquet"]
    logs = workspace.path / "results/tiny/logs/measures/slow"
    for path in [*measures, *logs.glob("*")]:
        path.unlink(missing_ok=True)
    (workspace.path / "hold").touch()
    targets = [str(path.relative_to(workspace.path)) for path in measures]
    with open(workspace.path / "said", "w") as said:
        running = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "1", *targets],
            cwd=workspace.path,
            stdout=said,
            stderr=said,
        )
    until(lambda: any(log.stat().st_size for log in logs.glob("*")), seconds=120)
    return running, measures


def values(path):
    return set(read_table(path)["value"])


@pytest.mark.slow
def test_jobs_that_outlive_their_run(held):
    running, measures = started(held)
    running.kill()
    running.wait()
    said = held.snakemake(*measures, check=False)
    assert said.returncode == 1
    text = said.stdout + said.stderr
    assert "jobs of an earlier run that was killed are still at work (here: process " in text
    assert "Traceback" not in text and "goes on from here" not in text
    text = held.geomem("status").stdout
    assert "A run was killed, and jobs of it are still at work." in text
    assert "running: measure of " in text and "interrupted" not in text
    (held.path / "hold").unlink()
    until(lambda: held.snakemake(*measures, check=False).returncode == 0, seconds=120)
    assert [values(path) for path in measures] == [{1.0}, {1.0}]


@pytest.mark.slow
def test_code_changed_while_jobs_wait(held):
    running, measures = started(held)
    module = held.path / "slow.py"
    module.write_text(SLOW.replace("1.0", "2.0"))
    (held.path / "hold").unlink()
    assert running.wait(120) == 1
    assert "slow.py was changed after the run began" in (held.path / "said").read_text()
    assert not any(path.exists() for path in measures)
    module.write_text(SLOW)
    held.snakemake(*measures)
    assert [values(path) for path in measures] == [{1.0}, {1.0}]
