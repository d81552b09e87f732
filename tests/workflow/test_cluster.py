"""The workflow on a real Slurm, started for these tests on this machine's loopback."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from geomem.storage.tables import read_document

from tests.workflow.compare import assert_same_results, result_files
from tests.workflow.conftest import make_workspace
from tests.workflow.slurm import cluster as slurm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(slurm.missing_programs()),
        reason=f"NO SLURM HERE, so the cluster profile goes UNTESTED; "
        f"apt-get install {slurm.DEBIAN_PACKAGES}",
    ),
]

# The profile asks once in 40 s at first, which is kind to a cluster and slow for a test.
SUBMIT = (
    "--profile=profiles/slurm",
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=1",
    "--latency-wait=10",
)

# A network that takes its time while it trains, and costs no CPU meanwhile.
WAITING_NETWORK = """\
import os, time
from torch import nn

class Wait(nn.Module):
    def forward(self, images):
        if self.training:
            time.sleep(float(os.environ.get("SECONDS_PER_STEP", "0")))
        return images

def network(width, n_classes, image_shape):
    channels, height, side = image_shape
    hidden = nn.Sequential(nn.Linear(channels * height * side, width), nn.ReLU())
    return nn.Sequential(Wait(), nn.Flatten(), hidden, nn.Linear(width, n_classes))
"""
# 20 epochs of 5 steps: 120 s, more than the shortest time limit (1 minute, kept to within half of
# one).
EPOCHS, SECONDS_PER_STEP = 20, 1.2


@pytest.fixture(scope="module")
def cluster():
    running = slurm.start(cores=4)
    yield running
    running.stop()


@dataclasses.dataclass
class Controller:
    """A Snakemake that submits to the cluster."""

    workspace: object
    cluster: slurm.Cluster
    process: subprocess.Popen = None

    def start(self, *arguments):
        with open(self.workspace.path / "said.txt", "ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *SUBMIT, *arguments],
                cwd=self.workspace.path,
                env={**self.cluster.environment, "SECONDS_PER_STEP": str(SECONDS_PER_STEP)},
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def said(self):
        return (self.workspace.path / "said.txt").read_text(errors="replace")[-8000:]

    def wait(self):
        if self.process.wait(timeout=1500):
            pytest.fail(f"{self.said()}\n{self.cluster.jobs()}\n{self.cluster.log()}")

    def until(self, condition, seconds=600):
        """Wait until `condition()` is true, and return its value."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > end or self.process.poll() not in (None, -signal.SIGKILL):
                pytest.fail(f"{self.said()}\n{self.cluster.jobs()}\n{self.cluster.log()}")
            time.sleep(0.5)
        return value

    def jobs(self, comment=""):
        """This workflow's jobs whose rule and wildcards begin so, oldest first."""
        place = f"WorkDir={self.workspace.path}\n"
        return [
            job
            for job in self.cluster.jobs()
            if job["comment"].startswith(f"rule_{comment}")
            and place in self.cluster.ask("scontrol", "show", "job", job["id"])
        ]


def test_the_whole_workflow_gives_the_files_of_a_local_run(finished, cluster, tmp_path):
    workspace = make_workspace(tmp_path / "cluster")
    controller = Controller(workspace, cluster)
    controller.start()
    controller.wait()
    assert_same_results(workspace.path / "results", finished.path / "results")
    assert {job["state"] for job in controller.jobs()} == {"COMPLETED"}
    each = Counter(job["comment"] for job in controller.jobs())
    assert set(each.values()) == {1} and sum(each.values()) == 23
    assert workspace.pending() == set(), "a local dry run finds nothing left to do"


def waiting_workspace(path):
    """Three networks of the waiting kind, and their table of accuracies."""
    workspace = make_workspace(path)
    (path / "waiting.py").write_text(WAITING_NETWORK)
    config = workspace.config
    tiny = config["experiments"]["tiny"]
    tiny["seeds"] = [0, 1, 2]
    tiny["model"] = {"name": "waiting:network"}
    tiny["training"]["epochs"] = EPOCHS
    for stage in ("analysis", "rewind", "gradients"):
        tiny[stage]["epochs"] = []
    workspace.write_config(config)
    return workspace


CANCELLED, REQUEUED, OUT_OF_TIME = (f"train_wildcards_tiny_2_0.5_{seed}" for seed in (0, 1, 2))


@dataclasses.dataclass
class Story:
    controller: Controller
    undisturbed: object
    done_before: dict  # files there when the controller was killed: path, time stamp
    jobs_before: int
    pending_after: set


@pytest.fixture(scope="module")
def story(cluster, tmp_path_factory):
    """Everything that can happen to a job and to the controller, in one run."""
    undisturbed = waiting_workspace(tmp_path_factory.mktemp("undisturbed"))
    undisturbed.snakemake()

    workspace = waiting_workspace(tmp_path_factory.mktemp("disturbed"))
    controller = Controller(workspace, cluster)
    controller.start()
    training = [
        controller.until(lambda name=name: training_job(controller, name))
        for name in (CANCELLED, REQUEUED, OUT_OF_TIME)
    ]
    cluster.ask("scancel", training[0])
    cluster.ask("scontrol", "requeue", training[1])
    cluster.ask("scontrol", "update", f"JobId={training[2]}", "TimeLimit=1")
    controller.until(lambda: controller.jobs(OUT_OF_TIME)[0]["state"] == "TIMEOUT", seconds=240)
    controller.until(lambda: running(controller, OUT_OF_TIME, nth=1))

    controller.process.kill()
    controller.process.wait()
    # What was submitted goes on without its controller.
    controller.until(lambda: not active(controller))
    before = files_with_times(workspace)
    jobs_before = len(controller.jobs())
    pending = workspace_pending_after_unlock(workspace)
    controller.start()
    controller.wait()
    return Story(controller, undisturbed, before, jobs_before, pending)


def training_job(controller, name):
    """The job's number once its network has been training for a while."""
    jobs = controller.jobs(name)
    log = controller.workspace.path / f"results/tiny/logs/train/w2_n0.5_s{name[-1]}.log"
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


def workspace_pending_after_unlock(workspace):
    workspace.snakemake("--unlock")
    return workspace.pending()


def restarts(story, name):
    text = story.controller.cluster.ask(
        "scontrol", "show", "job", story.controller.jobs(name)[0]["id"]
    )
    return int(text.split("Restarts=")[1].split()[0])


def test_results_are_those_of_an_undisturbed_run(story):
    assert_same_results(
        story.controller.workspace.path / "results", story.undisturbed.path / "results"
    )


def test_a_cancelled_training_is_submitted_again(story):
    states = [job["state"] for job in story.controller.jobs(CANCELLED)]
    assert states[1:] == ["COMPLETED"] and states[0] in ("CANCELLED", "FAILED")


def test_a_requeued_training_goes_on_in_the_same_job(story):
    assert [job["state"] for job in story.controller.jobs(REQUEUED)] == ["COMPLETED"]
    assert restarts(story, REQUEUED) == 1


def test_a_training_out_of_time_is_submitted_again(story):
    states = [job["state"] for job in story.controller.jobs(OUT_OF_TIME)]
    assert states == ["TIMEOUT", "COMPLETED"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_was_stopped_goes_on_and_does_not_start_over(story, seed):
    log = story.controller.workspace.path / f"results/tiny/logs/train/w2_n0.5_s{seed}.log"
    assert "going on after epoch" in log.read_text()


def test_nothing_finished_runs_twice(story):
    now = files_with_times(story.controller.workspace)
    assert story.done_before.items() <= now.items(), "files made before the crash were made again"
    rules = {job[0] for job in story.pending_after}
    assert "train" not in rules, "jobs that ended without a controller count as done"
    once = Counter(job["comment"] for job in story.controller.jobs())
    again = {comment for comment, count in once.items() if count > 1}
    assert again == {f"rule_{CANCELLED}", f"rule_{OUT_OF_TIME}"}


def test_every_network_is_trained_to_its_end(story):
    for seed in (0, 1, 2):
        run = story.controller.workspace.path / f"results/tiny/runs/w2_n0.5_s{seed}"
        assert read_document(run / "training.json")["epochs"] == EPOCHS
