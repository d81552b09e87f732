"""The words for Snakemake's reasons."""

import pytest
import yaml
from geomem.planning import changes
from geomem.planning.dry_run import read_jobs
from geomem.planning.explain import changed_line, explanation
from geomem.storage.pages import write_page

# Cut from real dry runs.
TRAIN = """\
Building DAG of jobs...

[Mon Nov 23 20:32:00 2026]
rule train:
    input: scripts/train.py, results/tiny/data/images.npz
    output: results/tiny/runs/w2_n0.5_s0/accuracy.parquet, results/tiny/runs/w2_n0.5_s0/training.json
    log: results/tiny/logs/train/w2_n0.5_s0.log
    jobid: 4
    reason: {reason}
    wildcards: experiment=tiny, width=2, noise=0.5, seed=0
    resources: tmpdir=<TBD>

rule table:
    input: results/tiny/runs/w2_n0.5_s0/accuracy.parquet
    output: results/tiny/tables/accuracy.parquet
    jobid: 5
    reason: Input files updated by another job: results/tiny/runs/w2_n0.5_s0/accuracy.parquet
    wildcards: experiment=tiny, table=accuracy

localrule all:
    input: results/tiny/tables/accuracy.parquet
    jobid: 0
    reason: Input files updated by another job: results/tiny/tables/accuracy.parquet
"""  # noqa: E501
PARAMS = "Params have changed since last execution: Union of exclusive params before and now across"

REASONS = {
    "Missing output files: results/tiny/runs/w2_n0.5_s0/training.json": (
        "because its result has not been made yet"
    ),
    PARAMS + """ all output: before: '{"training":{"lr":0.02,"m":[1]},"w":2}' """
    """now: '{"training":{"lr":0.01,"m":[1]},"w":2,"seed":0}' """: (
        "because settings changed: seed absent -> 0, training.lr 0.02 -> 0.01"
    ),
    PARAMS + """ all output: before: '{"train.py":"aa","geomem/x.py":"b","c":"d"}','{"n":1}' """
    """now: '{"n":2}','{"train.py":"aa","geomem/x.py":"e","c":"d"}'""": (
        "because its program changed: geomem/x.py and settings changed: n 1 -> 2"
    ),
    PARAMS + """ all output: before: '{"claims":{"targets":[{"name":"T1","value":0.2},"""
    """{"name":"T2","statement":"the network\\'s"}]}}' now: '{"claims":{"targets":["""
    """{"name":"T1","value":0.3},{"name":"T2","statement":"the network\\'s"}]}}' """: (
        "because settings changed: claims.targets.T1.value 0.2 -> 0.3"
    ),
    PARAMS + """ all output: before: '{"figures":["a","b"],"seeds":[0]}' """
    """now: '{"figures":["b","c"],"seeds":[0,1]}' """: (
        "because settings changed: figures with c and without a, seeds with 1"
    ),
    PARAMS + """ all output: before: 'mine:a' now: 'mine:b' """: (
        "because settings changed: function mine:a -> mine:b"
    ),
    PARAMS + """ all output: before: '0123456789ab absent' now: 'ba9876543210 absent' """: (
        "because files of yours that it reads changed"
    ),
    PARAMS + """ all output: before: '','{"n":1}' now: 'ba9876543210','{"n":2}' """: (
        "because files of yours that it reads changed and settings changed: n 1 -> 2"
    ),
    PARAMS + """ all output: before: <nothing exclusive> now: '' """: "because settings changed",
    PARAMS + """ all output: before: <nothing exclusive> now: '{"n":1}' """: (
        "because settings changed: n absent -> 1"
    ),
    PARAMS + f""" all output: before: '{{"x":"{"a " * 40}"}}' now: '{{}}' """: (
        f"because settings changed: x {'a ' * 28}... -> absent"
    ),
    PARAMS + " all output: before: <func> now: <other>": "because settings changed",
    "Set of input files has changed since last execution": (
        "because it reads other files than last time"
    ),
    "Updated input files: scripts/train.py, results/tiny/data/images.npz": (
        "because its program changed: train.py and its input changed: results/tiny/data/images.npz"
    ),
    "Forced execution": "because it was asked for with --force, --forceall or --forcerun",
    "Something of a later version": "because: Something of a later version",
}


@pytest.mark.parametrize("reason", REASONS)
def test_reasons_in_words(reason):
    text = explanation(read_jobs(TRAIN.replace("{reason}", reason)))
    assert text == (
        f"2 jobs would be run.\n\ntrain: 1 job\n  1 {REASONS[reason]}\n\n"
        "table: 1 job\n  1 because what it reads is made again by: train"
    )


def test_two_reasons_and_none_that_says_nothing():
    reason = (
        "Missing output files: x; Input files updated by another job: results/tiny/data/images.npz"
    )
    assert "  1 because its result has not been made yet\n" in explanation(
        read_jobs(TRAIN.replace("{reason}", reason))
    )


def test_nothing_to_do():
    assert explanation([]) == "Nothing would be run: every result is there and up to date."


def test_settings_that_changed_since_an_experiment_finished(tmp_path, monkeypatch):
    """A training with other settings has another name: Snakemake cannot say what changed."""
    monkeypatch.chdir(tmp_path)
    settings = {"training": {"epochs": 30, "optimizer": {"lr": 0.003}}, "seeds": [0]}
    page = {"spec": {"experiment": "mine", "settings": settings}}
    write_page(tmp_path / "results" / "mine" / "provenance.html", "", page)
    experiments = {"mine": {"training": {"epochs": 150}}, "new": {}}
    main = {"defaults": settings, "experiments": experiments}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(main))
    overlay = {"experiments": {"mine": {"seeds": [0, 1]}}}
    (tmp_path / "more.yaml").write_text(yaml.safe_dump(overlay))
    found = changes.pairs(["mine", "new"], ["--configfile", "more.yaml"], ["more.yaml"])
    assert list(found) == ["mine"]
    assert changed_line("mine", *found["mine"]) == (
        "mine, since it last finished: seeds with 1, training.epochs 30 -> 150"
    )
    assert changed_line("mine", settings, settings) == ""
    assert changes.pairs(["mine"], ["--config", "seeds=[7]"], []) == {}
