"""What a run prints: with and without a terminal, when a job fails, and when it is silenced."""

import contextlib
import os
import pty
import re
import shutil
import subprocess
import sys

import pytest
from geomem.storage.pages import page_provenance

from tests.workflow.conftest import make_workspace

HEADLINE = "results/tiny/headline.json"
NOTE = "Using workflow specific profile profiles/default"


def said(finished, *arguments, **how):
    """What a run prints, line by line, without Snakemake's note on the profile."""
    ended = finished.snakemake(*arguments, **how)
    assert ended.stdout == ""
    return [line for line in ended.stderr.splitlines() if not line.startswith(NOTE)]


def test_with_nothing_to_do_it_says_what_came_out_and_what_to_open(finished):
    lines = said(finished)
    assert lines[:3] == ["", "Nothing to do: every result is there and up to date.", ""]
    assert lines[3] == "tiny" and lines[4].startswith("  Accuracy:      Test accuracy is ")
    assert lines[-1] == "Open results/index.html"
    assert len(lines) < 25 and max(map(len, lines)) <= 100


@pytest.mark.parametrize("options", ["--until train", "results/tiny/tables/accuracy.parquet"])
def test_a_headline_that_was_not_asked_for_is_not_shown(finished, options):
    text = "\n".join(said(finished, *options.split()))
    assert "tiny: its headline was not asked for\n" in text
    assert "  results/tiny/headline.json is of an earlier run" in text
    assert "Accuracy:" not in text and "index.html" not in text


def test_a_run_has_few_lines_and_snakemakes_log_has_all(finished):
    lines = said(finished, "--force", "results/index.html")
    assert lines[0] == "1 job: landing 1"
    assert any(line.startswith("Done: 1 job in ") for line in lines)
    assert len(lines) < 25
    (log,) = [line.split(": ")[1] for line in lines if line.startswith("Snakemake's log: ")]
    assert "rule landing:" in (finished.path / log).read_text()


@contextlib.contextmanager
def damaged(path):
    """A file with other bytes meanwhile, and its old times, so that it starts no job."""
    content, times = path.read_bytes(), path.stat()
    _rewrite(path, content[:-20] + bytes(20), times)
    try:
        yield
    finally:
        _rewrite(path, content, times)


def _rewrite(path, content, times):
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_failed_job_says_why_at_the_end_and_the_page_that_it_is_not_done(finished):
    page = finished.path / "results/index.html"
    with damaged(finished.path / "results/tiny/tables/accuracy.parquet"):
        lines = said(finished, "--forcerun", "headline", check=False)
        text = "\n".join(lines[-8:])
        assert "FAILED: headline, tiny" in text
        assert "error: " in text and "tables/accuracy.parquet" in text
        assert "(results/tiny/logs/headline.log)" in text
        assert any(line.startswith("Not done: 1 failed, 0 of 2 jobs made") for line in lines)
        assert "tiny: not done" in lines
        assert "RuleException" not in "\n".join(lines)
        assert "Done: 0 of 1 experiment." in page.read_text()
        assert page_provenance(page)["stage"] == "write_landing"
    finished.snakemake()
    assert "Done: 1 of 1 experiment." in page.read_text()
    assert finished.pending() == set()


@pytest.mark.parametrize("option", ["--verbose", "--dry-run"])
def test_all_of_snakemakes_log_is_one_option_away(finished, option):
    ended = finished.snakemake("--force", "results/index.html", option)
    assert "rule landing:" in ended.stdout + ended.stderr


def test_silenced_it_is_silent(finished):
    assert said(finished, "--force", "results/index.html", "--quiet", "all") == []
    lines = said(finished, "--force", "results/index.html", "--quiet", "progress")
    assert lines[-1] == "Open results/index.html"


def test_on_a_terminal_lines_move(finished):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--force", HEADLINE]
    running = subprocess.Popen(
        command, cwd=finished.path, env=finished.environment(TERM="xterm"), stderr=theirs
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # of a terminal that nobody writes to any more
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert running.wait() == 0
    text = shown.decode()
    assert "] 0 of 1 job done" in text and "headline 0/1" in text
    assert re.search(r"\x1b\[\dA", text), "lines are drawn again"
    assert text.rstrip().endswith("Open results/index.html")
    finished.snakemake()


@pytest.mark.slow
def test_results_without_a_record(finished, tmp_path):
    """Whether they are up to date cannot be told; those of other settings are named."""
    workspace = make_workspace(tmp_path / "copied")
    shutil.copytree(finished.path / "results", workspace.path / "results", dirs_exist_ok=True)
    ended = workspace.snakemake()
    assert "would count as up to date whatever changed" in ended.stderr
    assert "OTHER SETTINGS" not in ended.stderr
    config = workspace.config
    config["experiments"]["tiny"]["geometry"]["n_t"] += 1
    workspace.write_config(config)
    shutil.rmtree(workspace.path / ".snakemake")
    ended = workspace.geomem("explain")
    assert "metadata has no record of what they were made with" in ended.stderr
    ended = workspace.snakemake("--until", "measure")
    measures = "results/tiny/runs/w2_n0.5_s0/measures/geometry/"
    assert f"OF OTHER SETTINGS: {measures}" in ended.stderr
    assert "`--forcerun measure` makes them again" in ended.stderr
    workspace.snakemake("--until", "measure", "--forcerun", "measure")
    assert "OTHER SETTINGS" not in workspace.snakemake("--until", "measure").stderr
