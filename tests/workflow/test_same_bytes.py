"""Making a result again gives the same bytes, so that nothing that depends on it runs again."""

import pytest

from tests.workflow.compare import assert_same_results, result_files
from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow


def test_two_runs_give_the_same_bytes(finished, tmp_path):
    again = make_workspace(tmp_path / "again")
    again.snakemake()
    these, those = again.path / "results", finished.path / "results"
    kinds = {path.suffix for path in result_files(these)}
    assert kinds >= {".npz", ".parquet", ".json", ".safetensors", ".png", ".svg", ".html", ".csv"}
    assert_same_results(these, those)
    states = sorted(path.relative_to(these) for path in these.glob("cache/training/*/epoch-*"))
    assert len(states) == 4
    for path in states:
        assert (these / path).read_bytes() == (those / path).read_bytes(), path


@pytest.mark.parametrize("rule", ["labels", "train", "activations", "geometry", "table"])
def test_what_is_made_again_runs_nothing_else(finished, rule):
    finished.snakemake("--forcerun", rule, "--until", rule)
    assert finished.pending() == set()
