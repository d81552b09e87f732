"""How far a run is: done, running, failed, interrupted, missing cells, and why jobs failed.

A cell is one network: its training and everything measured on it. Options go to snakemake, e.g.
`--configfile presets/paper.yaml`. Nothing is run.
"""

import base64
from collections import Counter, defaultdict
from pathlib import Path

from geomem import commands
from geomem.config.sharing import FOLDER
from geomem.errors import DamagedFileError
from geomem.planning.dry_run import planned_jobs
from geomem.process import exit_status
from geomem.storage.lock import is_held
from geomem.storage.tables import read_document
from geomem.workflow.run import left_at_work

_CELL = ("width", "noise", "seed")
_LAST_LINES = 5
# A cell is in the first of these states that one of its jobs is in.
_STATES = ("failed", "running", "interrupted", "outdated", "missing", "done")
_STOPPED = (75, 130)  # exit statuses of jobs that were asked to stop
_GOING = {  # by whether a run goes on, and whether jobs of one that was killed do
    (True, False): "A run is going on.",
    (False, True): "A run was killed, and jobs of it are still at work.",
    (False, False): "No run is going on.",
}


def main(argv=None):
    """Print the table, and the last lines of each failed job's log."""
    argv = commands.snakemake_options("status", __doc__, argv)
    if argv is None:
        return 0
    every = planned_jobs([*argv, "--forceall"])
    waiting = {_name(job) for job in planned_jobs(argv)}
    held = is_held("results")
    left = not held and left_at_work("results")
    making = begun(Path(".snakemake/incomplete")) if held or left else set()
    states = [
        state(job, _name(job) in waiting, not making.isdisjoint(job.outputs)) for job in every
    ]
    print(report(every, states, _GOING[held, left]))
    planned = {job.wildcards.get("experiment") for job in every}
    if others := experiments_beside(planned, Path("results")):
        print(
            f"\nresults/ also holds {', '.join(others)}, which this configuration does not have. "
            "Name the file that does: geomem status --configfile FILE"
        )
    return 0


def experiments_beside(planned, results):
    """Names of experiments that have results, and are not among the planned ones."""
    held = (path.parent.name for path in results.glob("*/runs"))
    return sorted({*held} - {*planned, FOLDER})


def state(job, waiting, running):
    """What became of one job.

    Parameters
    ----------
    job : Job
    waiting : bool
        Whether Snakemake would run it.
    running : bool
        Whether it is being run.

    Returns
    -------
    str
        "done"; "running"; "outdated", with a result that is to be made again; "failed", with a
        log that ends in an error; "interrupted", with a log that ends in a request to stop or was
        cut off (killed, out of memory or time); or "missing".
    """
    if running:
        return "running"
    if not waiting:
        return "done"
    if all(Path(path).exists() for path in job.outputs):
        return "outdated"
    if not (job.log and Path(job.log).exists()):
        return "missing"
    status = exit_status(Path(job.log).read_text(encoding="utf-8", errors="replace"))
    if status == 0:
        return "missing"  # it was made, and then deleted
    return "interrupted" if status is None or status in _STOPPED else "failed"


def report(jobs, states, now):
    """The text for jobs and what became of each.

    Parameters
    ----------
    jobs : sequence of Job
    states : sequence of str
    now : str
        A sentence: whether a run is going on.
    """
    lines = [f"{len(jobs)} jobs: {_counted(states)}. {now}"]
    experiments = defaultdict(lambda: defaultdict(list))
    for job, found in zip(jobs, states, strict=True):
        experiments[job.wildcards.get("experiment", FOLDER)][_cell(job)].append((job, found))
    if shared := experiments.pop(FOLDER, {}):
        lines += ["", "shared by experiments"]
        lines += [f"  {name:32}  {_row(shared[name])}" for name in sorted(shared)]
    for experiment, cells in experiments.items():
        lines += ["", experiment, f"  {'width':>6} {'noise':>6} {'seed':>5}  {'state':11} jobs"]
        shared = cells.pop((), [])
        for cell in sorted(cells, key=lambda cell: [*map(float, cell)]):
            width, noise, seed = cell
            lines.append(f"  {width:>6} {noise:>6} {seed:>5}  {_row(cells[cell])}")
        if shared:
            lines.append(f"  {'shared':>19}  {_row(shared)}")
    for wanted, count in (("running", 1), ("interrupted", 1), ("failed", _LAST_LINES)):
        for job in (job for job, found in zip(jobs, states, strict=True) if found == wanted):
            lines += ["", f"{wanted}: {job.rule} of {_described(job)} ({job.log})"]
            lines += [f"    {line}" for line in _last_lines(job.log, count)]
    return "\n".join(lines)


def _row(pairs):
    """A cell's state, and how many of its jobs are in which."""
    states = [found for _, found in pairs]
    state = next(name for name in _STATES if name in states)
    if state == "done" and any(_diverged(job) for job, _ in pairs):
        state = "diverged"
    return f"{state:11} {_counted(states)}"


def _counted(states):
    counts = Counter(states)
    return ", ".join(f"{counts[name]} {name}" for name in reversed(_STATES) if counts[name])


def _diverged(job):
    records = [path for path in job.outputs if path.endswith("/training.json")]
    try:
        return any(read_document(path)["status"] == "diverged" for path in records)
    except DamagedFileError:
        return False  # what reads it will say so


def _name(job):
    return job.rule, tuple(sorted(job.wildcards.items()))


def _cell(job):
    """What a job belongs to: (width, noise, seed), else (); of a shared one, its training."""
    if "experiment" not in job.wildcards:
        shared = "images and labels" if "data" in job.wildcards else "landing page"
        return job.wildcards.get("training", shared)
    return tuple(job.wildcards[name] for name in _CELL) if "width" in job.wildcards else ()


def _described(job):
    return ", ".join(f"{name} {value}" for name, value in job.wildcards.items())


def _last_lines(path, count):
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    return lines[-count:] or ["(its log is empty)"]


def begun(folder):
    """Files whose making Snakemake has noted as begun and not as ended.

    Its notes are called as the file, in base64 for URLs; of long names, all parts but the last are
    folders that begin with "@".
    """
    notes = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    names = ["".join(part.removeprefix("@") for part in note.parts) for note in notes]
    return {base64.urlsafe_b64decode(name).decode() for name in names}
