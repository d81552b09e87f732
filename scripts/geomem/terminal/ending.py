"""What a run says when it ends: what came out, what failed and why, what to open."""

import shutil
import textwrap
from pathlib import Path

from geomem.errors import GeomemError
from geomem.headlines.sentences import counted, headlines
from geomem.storage.tables import read_document
from geomem.terminal.words import duration

_WIDTH = 100
_FAILURES = 5  # whose reasons are shown


def ending(state, experiments, asked, unfinished, seconds, snakemake_log):
    """The last lines of a run.

    Parameters
    ----------
    state : geomem.terminal.state.State
    experiments : sequence of str
        Names of those that the configuration asks for.
    asked : set of str
        Names of those whose headline the run was asked for. Another's may be of earlier settings.
    unfinished : collection of str
        Names of those that have jobs still to be done.
    seconds : float
        That the run took.
    snakemake_log : str
        Path of Snakemake's own log, "" where there is none.

    Returns
    -------
    str
    """
    width = min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDTH)
    lines = ["", _first(state, seconds, asked >= set(experiments))]
    for name in experiments:
        lines.append("")
        if name in unfinished:
            lines.append(f"{name}: not done")
        else:
            lines += _experiment(name, width) if name in asked else _not_asked(name)
    lines.append("")
    # Reasons of failures come last: what stands above may scroll away.
    for failure in list(state.failed.values())[:_FAILURES]:
        lines.append(f"FAILED: {failure.job.name}")
        lines += [f"  {line}" for line in failure.reason]
        lines += [f"  ({failure.job.log})", ""] if failure.job.log else [""]
    if (more := len(state.failed) - _FAILURES) > 0:
        lines += [f"{counted(more, 'more job')} failed: `geomem status` lists them.", ""]
    if snakemake_log:
        lines.append(f"Snakemake's log: {snakemake_log}")
    if asked and Path("results/index.html").exists():
        lines.append("Open results/index.html")
    return "\n".join(lines)


def _first(state, seconds, whole):
    done, total = state.jobs
    if state.nothing:
        what = "every result" if whole else "every result that was asked for"
        return f"Nothing to do: {what} is there and up to date."
    if done == total:
        return f"Done: {counted(done, 'job')} in {duration(seconds)}."
    what, when = "stopped", "The"
    if state.failed:
        what, when = f"{len(state.failed)} failed", "Once the cause below is fixed, the"
    return (
        f"Not done: {what}, {done} of {total} jobs made in {duration(seconds)}. "
        f"{when} same command goes on from here."
    )


def _not_asked(name):
    yield f"{name}: its headline was not asked for"
    if (path := _headline(name)).exists():
        yield f"  {path} is of an earlier run, perhaps of other settings"


def _headline(name):
    return Path("results") / name / "headline.json"


def _experiment(name, width):
    try:
        said = headlines(read_document(_headline(name)))
    except GeomemError as error:
        return [f"{name}: {error}"]
    lines = [name]
    for title, text in said:
        lines += textwrap.wrap(
            f"{title + ':':14} {text}", width,
            initial_indent="  ", subsequent_indent=" " * 17, break_on_hyphens=False,
        )  # fmt: skip
    return lines
