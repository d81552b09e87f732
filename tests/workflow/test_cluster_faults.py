"""What can happen to jobs and to Snakemake on a cluster, on a real Slurm: results stay the same."""

import dataclasses
import os
from collections import Counter

import pytest
from geomem.storage.tables import read_document

from tests.workflow.compare import assert_same_results, result_files
from tests.workflow.slurm.controller import Controller, needs_slurm
from tests.workflow.waiting import EPOCHS, SEEDS, waiting_workspace

pytestmark = needs_slurm


@dataclasses.dataclass
class Story:
    controller: Controller
    undisturbed: object
    preempted: str  # names of the trainings
    cancelled: str
    out_of_time: str
    done_before: dict  # files there when the controller was killed: path, time stamp
    pending_after: set


@pytest.fixture(scope="module")
def story(cluster, tmp_path_factory):
    """Everything that can happen to a job and to the controller, in one run."""
    undisturbed = waiting_workspace(tmp_path_factory.mktemp("undisturbed"))
    undisturbed.snakemake()
    workspace = waiting_workspace(tmp_path_factory.mktemp("disturbed"))
    controller = Controller(workspace, cluster)
    try:
        return told(controller, undisturbed)
    finally:
        controller.stop()


def told(controller, undisturbed):
    """The story: a training preempted, one cancelled, one out of time; then Snakemake killed."""
    cluster, workspace = controller.cluster, controller.workspace
    hold = workspace.path / "hold"
    hold.touch()
    controller.start()
    names = [f"training_{workspace.training(run(seed)).name}" for seed in SEEDS]
    jobs = {
        name: controller.until(lambda name=name: training_job(controller, name)) for name in names
    }
    # Three of four cores are taken: for this one a training must make room.
    urgent = ("--partition=urgent", "--cpus-per-task=2", "--mem=100", "--output=/dev/null")
    cluster.ask("sbatch", *urgent, "--wrap=sleep 5")
    preempted = controller.until(lambda: next(filter(restarted(controller), jobs), None))
    cancelled, out_of_time = (name for name in jobs if name != preempted)
    cluster.ask("scancel", jobs[cancelled])
    shorten = ("scontrol", "update", f"JobId={jobs[out_of_time]}", "TimeLimit=1")
    controller.until(lambda: cluster.does(*shorten))
    controller.until(lambda: controller.jobs(out_of_time)[0]["state"] == "TIMEOUT")
    controller.until(lambda: running(controller, out_of_time, nth=1))

    controller.stop()
    hold.unlink()
    # What was submitted goes on without its controller.
    controller.until(lambda: not active(controller))
    before = files_with_times(workspace)
    pending = workspace.pending()
    controller.start()
    controller.wait()
    return Story(controller, undisturbed, preempted, cancelled, out_of_time, before, pending)


def run(seed):
    return f"w2_n0.5_s{seed}"


def restarted(controller):
    """Whether Slurm has started the first job of a name again, as a function of the name."""
    return lambda name: restarts(controller, controller.jobs(name)[0]) > 0


def restarts(controller, job):
    return int(shown(controller, job, "Restarts="))


def memory(controller, job):
    return shown(controller, job, "MinMemoryNode=")


def shown(controller, job, field):
    """What Slurm shows of a job under a name such as `Restarts=`."""
    text = controller.cluster.ask("scontrol", "show", "job", job["id"])
    return text.split(field)[1].split()[0]


def training_job(controller, name):
    """The job's number once its network has been training for a while."""
    jobs = controller.jobs(name)
    training = name.removeprefix("training_")
    log = controller.workspace.path / f"results/shared/logs/train/{training}.log"
    trains = log.exists() and "epoch" in log.read_text()
    return jobs[0]["id"] if jobs and jobs[0]["state"] == "RUNNING" and trains else None


def running(controller, name, nth):
    jobs = controller.jobs(name)
    return len(jobs) > nth and jobs[nth]["state"] == "RUNNING"


def active(controller):
    states = {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "REQUEUED"}
    return [job for job in controller.jobs() if job["state"] in states]


def files_with_times(workspace):
    results = workspace.path / "results"
    return {path: os.stat(results / path).st_mtime_ns for path in result_files(results)}


def test_results_are_those_of_an_undisturbed_run(story):
    assert_same_results(
        story.controller.workspace.path / "results", story.undisturbed.path / "results"
    )


def test_a_preempted_training_goes_on_in_the_same_job(story):
    (job,) = story.controller.jobs(story.preempted)
    assert job["state"] == "COMPLETED"
    assert restarts(story.controller, job) == 1
    logs = story.controller.workspace.path / ".snakemake" / "slurm_logs"
    (log,) = logs.rglob(f"{job['id']}.log")
    assert "DUE TO PREEMPTION" in log.read_text()


def test_a_cancelled_training_is_submitted_again(story):
    states = [job["state"] for job in story.controller.jobs(story.cancelled)]
    assert states[1:] == ["COMPLETED"] and states[0] in ("CANCELLED", "FAILED")


def test_a_training_out_of_time_is_submitted_again_with_more_memory_and_time(story):
    first, second = story.controller.jobs(story.out_of_time)
    assert (first["state"], second["state"]) == ("TIMEOUT", "COMPLETED")
    assert memory(story.controller, first) != memory(story.controller, second)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_stopped_goes_on_and_does_not_start_over(story, seed):
    log = story.controller.workspace.training_log(run(seed))
    assert "going on after epoch" in log.read_text()


def test_nothing_finished_runs_twice(story):
    now = files_with_times(story.controller.workspace)
    assert story.done_before.items() <= now.items(), "files made before the crash were made again"
    rules = {job[0] for job in story.pending_after}
    assert "train" not in rules, "jobs that ended without a controller count as done"
    each = Counter(job["comment"] for job in story.controller.jobs())
    again = {comment for comment, count in each.items() if count > 1}
    assert len(again) == 2
    for name in (story.cancelled, story.out_of_time):
        assert any(comment.startswith(f"rule_{name}") for comment in again)


def test_every_network_is_trained_to_its_end(story):
    for seed in SEEDS:
        place = story.controller.workspace.training(run(seed))
        assert read_document(place / "training.json")["epochs"] == EPOCHS
