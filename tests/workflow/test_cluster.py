"""The whole workflow on a real Slurm, started for this test on this machine's loopback."""

from collections import Counter

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
