"""Groups of short jobs on a real Slurm: what one asks for, and what happens where a job fails."""

from types import SimpleNamespace

import pytest
from geomem.config.experiments import merged
from geomem.workflow.plan import Plan
from geomem.workflow.resources import JobResources

from tests.workflow.conftest import make_workspace, tiny_config
from tests.workflow.slurm.controller import Controller, needs_slurm

pytestmark = needs_slurm

RUN = {"experiment": "tiny", "width": "2", "noise": "0.5", "seed": "0"}
BROKEN = '''
def broken(accuracy):
    """A figure that fails."""
    raise ValueError("as the test wants it")
'''


@pytest.fixture(scope="module")
def story(cluster, tmp_path_factory):
    """A run with one figure that fails at both attempts: its controller, config and exit status."""
    workspace = make_workspace(tmp_path_factory.mktemp("groups"))
    (workspace.path / "my_figures.py").write_text(BROKEN)
    config = tiny_config()
    config["experiments"]["tiny"]["figures"] = ["my_figures:broken"]
    workspace.write_config(config)
    runs = "results/tiny/runs/w2_n0.5_s0"
    made = [f"{runs}/activations/{epoch}.npz" for epoch in (0, "last")]
    made += [f"{runs}/{stage}.parquet" for stage in ("rewind", "gradients", "simulation")]
    workspace.snakemake(*made)  # here, which is quicker
    controller = Controller(workspace, cluster)
    try:
        controller.start("--retries=1")
        status = controller.process.wait(timeout=1500)
        return SimpleNamespace(controller=controller, config=config, status=status)
    finally:
        controller.stop()


def group(story, name):
    """Its submissions, oldest first."""
    return [job for job in story.controller.jobs() if job["comment"].startswith(f"rule_{name}")]


def asked(story, job):
    """Minutes, MB and cores that Slurm was asked for."""
    text = story.controller.cluster.ask("scontrol", "show", "job", job["id"])
    fields = dict(part.split("=", 1) for part in text.split() if "=" in part)
    days, _, clock = fields["TimeLimit"].rpartition("-")
    hours, minutes, _ = map(int, clock.split(":"))
    minutes += 60 * hours + 1440 * int(days or 0)
    memory = fields["MinMemoryNode"]
    return minutes, float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]], int(fields["NumCPUs"])


class Wildcards(dict):
    __getattr__ = dict.__getitem__


def test_a_group_asks_for_what_its_jobs_do_side_by_side(story, monkeypatch):
    monkeypatch.chdir(story.controller.workspace.path)  # where the user's module is
    plan = Plan(merged(story.config, {}))
    needs = JobResources(plan, set())
    jobs = [
        Wildcards(RUN, measure=measure, epoch=epoch)
        for measure in ("geometry", "low_rank")
        for epoch in ("0", "last")
    ]
    (submitted,) = group(story, "measures_tiny")
    minutes, memory, cores = asked(story, submitted)
    assert cores == len(jobs)
    assert minutes == max(needs.runtime("measure")(job, 1) for job in jobs)
    assert memory == pytest.approx(sum(needs.memory("measure")(job, 1) for job in jobs), rel=0.01)


def test_a_group_with_a_failing_job_is_tried_again_with_more(story):
    assert story.status != 0
    first, second = group(story, "figures_tiny")
    assert {first["state"], second["state"]} == {"FAILED"}
    for before, after in zip(asked(story, first)[:2], asked(story, second)[:2], strict=True):
        assert after > before
    log = story.controller.workspace.path / "results/tiny/logs/figures/broken.log"
    assert "as the test wants it" in log.read_text()


def test_the_other_groups_are_done_and_run_once(story):
    others = [j for j in story.controller.jobs() if "figures" not in j["comment"]]
    assert {job["state"] for job in others} == {"COMPLETED"}
    assert len({job["comment"] for job in others}) == len(others)
    place = story.controller.workspace.path / "results" / "tiny"
    for name in ("tables/geometry.parquet", "../explorer.html"):
        assert (place / name).is_file(), name


def test_a_local_dry_run_finds_only_that_group_and_what_waits_for_it(story):
    rules = {rule for rule, _ in story.controller.workspace.pending()}
    # the claims page shows figures that were in the submission of the broken one
    assert rules == {"figure", "claims", "headline", "provenance", "landing"}
