"""What a run used, from its benchmark files."""

import os
from pathlib import Path

import pytest
from geomem.errors import InputError
from geomem.planning.usage import asked_by, filled, main, read_usage

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tcpu_time\n"


def benchmark(results, name, seconds, end, memory="100.0"):
    path = results / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:01\t{memory}\tNA\tNA\n")
    os.utime(path, (end, end))


@pytest.fixture
def results(tmp_path):
    """Two networks trained side by side for 10 and 6 s, a table after a pause of 2 s."""
    benchmark(tmp_path, "a/benchmarks/train/w1.tsv", 10, 1010)
    benchmark(tmp_path, "a/benchmarks/train/w2.tsv", 6, 1006, "300.0")
    benchmark(tmp_path, "a/benchmarks/tables/accuracy.tsv", 2, 1014, "NA")
    benchmark(tmp_path, "b/benchmarks/images.tsv", 500, 5000)
    return tmp_path


def test_time_by_jobs_at_once(results):
    assert filled(read_usage(results, ["a"])) == ({2: 6, 1: 6, 0: 2}, 0)


def test_time_between_two_runs_does_not_count(results, capsys):
    benchmark(results, "a/benchmarks/tables/geometry.tsv", 4, 10000)
    jobs = read_usage(results, ["a"])
    assert filled(jobs) == ({2: 6, 1: 10, 0: 2}, 10000 - 4 - 1014)
    main([str(results), "--experiments", "a"])
    said = capsys.readouterr().out
    assert "took 18 s" in said and "Not counted: 8,982 s" in said


def test_report(results, capsys):
    main([str(results), "--experiments", "a", "--cores", "2"])
    said = capsys.readouterr().out
    assert "train             2        0.3    315 MB" in said
    assert "table             1" in said
    assert "took 14 s. Its jobs would fill 2 cores for 9 s: the cores were 64% full" in said
    assert "0 running 14%, 1 running 43%, 2 running 43%" in said


def test_every_experiment_by_default(results):
    assert {job.rule for job in read_usage(results)} == {"train", "table", "images"}


def test_no_benchmarks(tmp_path):
    assert read_usage(tmp_path) == []
    with pytest.raises(InputError, match="no benchmarks of any experiment"):
        main([str(tmp_path)])


def test_jobs_of_what_was_removed_are_not_asked_for(tmp_path):
    kept = [
        "activations/w2_n0.5_s0_last", "measures/geometry/w2_n0.5_s0_last", "rewind/w2_n0.5_s0",
        "analysis_set/n0.5_s0", "tables/geometry", "figures/depth", "claims", "provenance",
        "mine/anything",
    ]  # fmt: skip
    removed = [
        "activations/w2_n0.5_s0_4", "measures/glue/w2_n0.5_s0_last", "gradients/w2_n0.5_s0",
        "measures/geometry/w4_n0.5_s0_last", "analysis_set/n0.5_s1", "tables/glue", "figures/glue",
    ]  # fmt: skip
    for name in (*kept, *removed):
        benchmark(tmp_path, f"a/benchmarks/{name}.tsv", 1, 1000)
    experiment = {
        "widths": [2], "label_noise": [0.5], "seeds": [0], "analysis": {"epochs": ["last"]},
    }  # fmt: skip
    files = ("tables/geometry.parquet", "tables/rewind.parquet", "figures/depth.png")
    asked = asked_by(experiment, [f"results/a/{file}" for file in files])
    assert len(read_usage(tmp_path, ["a"])) == len(kept) + len(removed)
    assert len(read_usage(tmp_path, ["a"], asked=asked)) == len(kept)
    assert all(asked(Path(f"{name}.tsv")) for name in kept)
