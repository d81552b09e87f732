"""What became of jobs, from what lies there."""

import base64

import pytest
from geomem.planning.dry_run import Job
from geomem.planning.status import begun, experiments_beside, report, state
from geomem.storage.tables import write_document


@pytest.fixture
def job(tmp_path):
    """A training of which nothing is there."""
    cell = {"training": "vgg-small_w2_n0.5_s0-abcdef01"}
    record, log = tmp_path / "training.json", tmp_path / "train.log"
    return Job("train", cell, "", (), (str(record),), str(log))


def test_states_of_a_job(job, tmp_path):
    assert state(job, waiting=True, running=False) == "missing"
    log = tmp_path / "train.log"
    for text, expected in (
        ("epoch 1\nerror: no room\nended with status 1 after 3.2 s\n", "failed"),
        ("epoch 1\n", "interrupted"),  # killed, or out of memory or time
        ("epoch 1\nended with status 1 after 3.2 s\nepoch 2\n", "interrupted"),
        ("epoch 1\nerror: asked to stop\nended with status 75 after 3.2 s\n", "interrupted"),
        ("interrupted\nended with status 130 after 3.2 s\n", "interrupted"),
        ("epoch 3\nended with status 0 after 3.2 s\n", "missing"),  # made, and then deleted
    ):
        log.write_text(text)
        assert state(job, waiting=True, running=False) == expected, text
    assert state(job, waiting=True, running=True) == "running"
    (tmp_path / "training.json").write_text("{}")
    assert state(job, waiting=True, running=False) == "outdated"
    assert state(job, waiting=False, running=False) == "done"


def test_the_report_tells_the_last_lines_of_what_failed(job, tmp_path):
    (tmp_path / "train.log").write_text("".join(f"epoch {n}\n" for n in range(9)) + "error: full\n")
    text = report([job], ["failed"], "No run is going on.")
    assert "1 jobs: 1 failed. No run is going on." in text
    assert "shared by experiments\n  vgg-small_w2_n0.5_s0-abcdef01     failed" in text
    assert "failed: train of training vgg-small_w2_n0.5_s0-abcdef01" in text
    assert text.endswith("    epoch 5\n    epoch 6\n    epoch 7\n    epoch 8\n    error: full")
    (tmp_path / "train.log").write_text("")
    assert "(its log is empty)" in report([job], ["failed"], "No run is going on.")


def test_a_cell_whose_training_diverged(job, tmp_path):
    table = Job("table", {"experiment": "tiny", "table": "accuracy"}, "", (), ())
    path = tmp_path / "training.json"
    write_document(path, {"status": "diverged"}, {})
    assert "diverged    1 done" in report([job, table], ["done", "done"], "")
    write_document(path, {"status": "completed"}, {})
    assert "diverged" not in report([job, table], ["done", "done"], "")


def test_a_row_for_each_network_of_an_experiment(job):
    cell = {"experiment": "tiny", "width": "2", "noise": "0.5", "seed": "0"}
    jobs = [Job(rule, cell, "", (), (), "") for rule in ("rewind", "gradients")]
    text = report([*jobs, job], ["done", "missing", "done"], "")
    assert "tiny\n" in text and "2    0.5     0  missing     1 done, 1 missing" in text


def test_notes_of_snakemake_with_short_and_long_names(tmp_path):
    names = ["results/tiny/a.parquet", "results/" + "long" * 90]
    for name in names:
        coded = base64.urlsafe_b64encode(name.encode()).decode()
        parts = [coded[i : i + 254] for i in range(0, len(coded), 254)]
        path = tmp_path.joinpath(*("@" + part for part in parts[:-1]), parts[-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    assert begun(tmp_path) == set(names)
    assert begun(tmp_path / "nowhere") == set()


def test_experiments_that_this_configuration_does_not_have(tmp_path):
    """A run with --configfile whose file is not named now."""
    for name in ("mine", "depth", "shared"):
        (tmp_path / name / "runs").mkdir(parents=True)
    (tmp_path / "cache" / "training").mkdir(parents=True)
    assert experiments_beside({"depth", None}, tmp_path) == ["mine"]
    assert experiments_beside({"depth", "mine"}, tmp_path) == []
    assert experiments_beside({"depth"}, tmp_path / "absent") == []
