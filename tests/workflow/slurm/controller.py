"""A Snakemake that submits to a Slurm cluster, and can be killed and started again."""

import dataclasses
import signal
import subprocess
import sys
import time

import pytest

from tests.workflow.slurm import cluster as slurm

# For the tests of a module that need Slurm.
needs_slurm = [
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
                env=self.cluster.environment,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def stop(self):
        """End it, if it still runs."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def said(self):
        return (self.workspace.path / "said.txt").read_text(errors="replace")[-8000:]

    def wait(self):
        if self.process.wait(timeout=1500):
            pytest.fail(f"{self.said()}\n{self.cluster.jobs()}\n{self.cluster.log()}")

    def until(self, condition, seconds=1200):
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
