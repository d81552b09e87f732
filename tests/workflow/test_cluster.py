"""The whole workflow on a real Slurm, started for this test on this machine's loopback."""

from collections import Counter

from geomem.storage.tables import table_provenance

from tests.workflow.compare import assert_same_results
from tests.workflow.conftest import make_workspace
from tests.workflow.slurm.controller import Controller, needs_slurm

pytestmark = needs_slurm


def test_the_whole_workflow_gives_the_files_of_a_local_run(finished, cluster, tmp_path):
    workspace = make_workspace(tmp_path / "cluster")
    controller = Controller(workspace, cluster)
    try:
        controller.start()
        controller.wait()
    finally:
        controller.stop()
    assert_same_results(workspace.path / "results", finished.path / "results")
    assert {job["state"] for job in controller.jobs()} == {"COMPLETED"}
    each = Counter(job["comment"] for job in controller.jobs())
    assert set(each.values()) == {1}, "nothing is submitted twice"
    assert sum(each.values()) == 10, "those of a network or experiment share a submission"
    assert workspace.pending() == set(), "a local dry run finds nothing left to do"


def test_settings_edited_while_a_job_waits(cluster, tmp_path):
    workspace = make_workspace(tmp_path / "edited")
    workspace.snakemake("--until", "activations")
    planned = workspace.config
    edited = workspace.config
    edited["experiments"]["tiny"]["geometry"]["n_t"] += 1
    measure = workspace.path / "results/tiny/runs/w2_n0.5_s0/measures/geometry/0.parquet"
    controller = Controller(workspace, cluster)
    cluster.ask("scontrol", "update", "PartitionName=main", "State=DOWN")
    try:
        controller.start("--", str(measure.relative_to(workspace.path)))
        controller.until(controller.jobs)
        workspace.write_config(edited)
    finally:
        cluster.ask("scontrol", "update", "PartitionName=main", "State=UP")
    try:
        controller.wait()
    finally:
        controller.stop()
    made_with = table_provenance(measure)["spec"]["settings"]["n_t"]
    assert made_with == planned["experiments"]["tiny"]["geometry"]["n_t"]
    name = "experiment=tiny, width=2, noise=0.5, seed=0, measure=geometry, epoch=0"
    assert ("measure", name) in workspace.pending(), "the next run follows the edit"
