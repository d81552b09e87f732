"""What a run used: jobs, time and memory by kind, and how well it filled the cores.

Read from the benchmark files that Snakemake leaves beside the results; a job's time stamp is its
end. The run is taken to last from the start of its first job to the end of its last one, without
the pauses between two runs.
"""

import itertools
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from geomem import commands
from geomem.config.experiments import runs
from geomem.errors import InputError
from geomem.registry.stages import STAGES

PAUSE = 60  # seconds in which nothing runs: another run has begun, or jobs wait for a cluster


@dataclass(frozen=True)
class Usage:
    """Of one job: when it started and ended (seconds), and its peak memory (bytes)."""

    rule: str
    start: float
    end: float
    memory: float

    @property
    def seconds(self):
        return self.end - self.start


def main(argv=None):
    """Print what the runs below a results folder used."""
    parser = commands.parser("usage", __doc__)
    parser.add_argument("results", type=Path, nargs="?", default=Path("results"))
    parser.add_argument("--experiments", nargs="*", help="only these; default: all there are")
    parser.add_argument(
        "--cores", type=int, default=os.cpu_count(), help="that the run was given (default: all)"
    )
    arguments = parser.parse_args(argv)
    jobs = read_usage(arguments.results, arguments.experiments)
    if not jobs:
        names = ", ".join(arguments.experiments or ["any experiment"])
        raise InputError(f"{arguments.results}: no benchmarks of {names}")
    print(report(jobs, arguments.cores))
    return 0


def read_usage(results, experiments=None, of=None, asked=None):
    """The usage of every job that left a benchmark.

    Parameters
    ----------
    results : Path
    experiments : sequence of str, optional
        By default all, and what they share.
    of : collection of str, optional
        Only jobs on these trainings.
    asked : callable, optional
        Of a path below the folder `benchmarks`: whether to count the job, see `asked_by`.

    Returns
    -------
    list of Usage
    """
    names = experiments or [path.parent.name for path in sorted(results.glob("*/benchmarks"))]
    files = [
        file
        for folder in (results / name / "benchmarks" for name in names)
        for file in folder.rglob("*.tsv")
        if asked is None or asked(file.relative_to(folder))
    ]
    if of is not None:  # a snapshot's file is called as its training, and an epoch
        files = [file for file in files if {file.stem, file.stem.rpartition("_")[0]} & set(of)]
    return [_read(file) for file in files]


def asked_by(experiment, files):
    """Tell benchmarks of what an experiment asks for from those of what was removed from it.

    Parameters
    ----------
    experiment : dict
        Settings as they run.
    files : iterable of str
        Paths of its tables and figures.

    Returns
    -------
    callable
        Of a path below the folder `benchmarks`; a bool. Jobs of a user's own rules are asked for.
    """
    files = [Path(file) for file in files]
    tables = [file.stem for file in files if file.parent.name == "tables"]
    known = {f"{file.parent.name}/{file.stem}" for file in files}
    for run in runs(experiment):
        known |= {f"analysis_set/{run.partition('_')[2]}", *(f"{table}/{run}" for table in tables)}
        for epoch in experiment["analysis"]["epochs"]:
            of_epoch = ["activations", "recorded_activations", *(f"measures/{t}" for t in tables)]
            known |= {f"{folder}/{run}_{epoch}" for folder in of_epoch}

    def asked(path):
        return path.parts[0] not in _FOLDERS or path.with_suffix("").as_posix() in known

    return asked


_PLURALS = {"tables": "table", "figures": "figure"}  # folders named otherwise than their rule

_FOLDERS = {*STAGES, *_PLURALS, "measures"}  # of benchmarks, one for each rule of the workflow


def _read(file):
    header, values, *_ = file.read_text().splitlines()
    row = dict(zip(header.split("\t"), values.split("\t"), strict=True))
    folder = file.parent.name
    rule = file.stem if folder == "benchmarks" else _PLURALS.get(folder, folder)
    # Memory is missing where a job ended before Snakemake looked.
    memory = float(row["max_rss"]) * 2**20 if row["max_rss"] not in ("NA", "-") else 0.0
    end = file.stat().st_mtime
    return Usage(rule, end - float(row["s"]), end, memory)


def filled(jobs):
    """Seconds by how many jobs were running at once, a dict of int to float; and of pauses."""
    changes = sorted([(job.start, 1) for job in jobs] + [(job.end, -1) for job in jobs])
    seconds, running, paused = defaultdict(float), 0, 0.0
    for (time, change), (following, _) in itertools.pairwise(changes):
        running += change
        if running == 0 and following - time > PAUSE:
            paused += following - time
        else:
            seconds[running] += following - time
    return dict(seconds), paused


def report(jobs, cores):
    """A table of the jobs by kind, and the run's time against that of its jobs."""
    kinds = defaultdict(list)
    for job in sorted(jobs, key=lambda job: job.start):
        kinds[job.rule].append(job)
    lines = [f"{'':12} {'jobs':>6} {'minutes':>10} {'memory':>9}"]
    lines += [_line(rule, found) for rule, found in kinds.items()]
    lines.append(_line("together", jobs))
    busy, paused = filled(jobs)
    wall = sum(busy.values())
    compute = sum(job.seconds for job in jobs) / cores
    lines.append(
        f"\nThe run took {wall:.0f} s. Its jobs would fill {cores} cores for {compute:.0f} s: "
        f"the cores were {compute / wall:.0%} full."
    )
    if paused:
        lines.append(
            f"Not counted: {paused:,.0f} s in which nothing ran for more than {PAUSE} s at a time."
        )
    shares = [f"{count} running {busy[count] / wall:.0%}" for count in sorted(busy)]
    lines.append(f"Jobs at once: {', '.join(shares)} of the time.")
    return "\n".join(lines)


def _line(name, found):
    minutes = sum(job.seconds for job in found) / 60
    memory = max(job.memory for job in found) / 1e6
    return f"{name:12} {len(found):6,} {minutes:10,.1f} {memory:6.0f} MB"
