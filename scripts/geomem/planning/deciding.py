"""What would decide the undecided statements of a run, and what that would cost.

The claims table says how many seeds, or how many times as many classes or images, decide each of
them (`geomem.claims.judge`). Here they get a price: the jobs of a dry run with one seed more, or
with more classes.
"""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from geomem.config.experiments import merged, resolve
from geomem.planning.dry_run import planned_jobs
from geomem.planning.sizes import analysis_size, data_size

_NOTHING = "neither seeds nor classes nor images alone, as far as known"
_OTHER = "not a matter of seeds or classes; see its remark in the claims"
_OF_A_SEED = ("seed", "training")  # wildcards of jobs that a further seed adds


@dataclass(frozen=True)
class Undecided:
    """A statement of the claims table, and what decides it with probability .8, each alone.

    Attributes
    ----------
    name : str
        Target, label noise, width and estimator.
    seeds : int
        That it was judged with.
    seeds_needed, classes_times, images_times : float
        Infinite where these alone do not help, NaN where it is not known.
    """

    name: str
    seeds: int
    seeds_needed: float
    classes_times: float
    images_times: float


def claims_table(experiment, folder=Path("results")):
    """Path of an experiment's claims table."""
    return folder / experiment / "claims" / "claims.parquet"


def undecided(experiment, folder=Path("results")):
    """The undecided statements in an experiment's claims table; none where there is no table.

    Parameters
    ----------
    experiment : str
    folder : Path

    Returns
    -------
    list of Undecided
    """
    path = claims_table(experiment, folder)
    if not path.exists():
        return []
    from geomem.storage.tables import read_table

    table = read_table(path)
    return [
        Undecided(_name(row), row.n_seeds, row.seeds_needed, row.manifolds_times, row.images_times)
        for row in table[table["verdict"] == "undecided"].itertuples()
    ]


def prices(config, name, statements, options, costs_of, waiting=()):
    """What would decide each statement, with its price.

    Parameters
    ----------
    config : dict
    name : str
        The experiment's.
    statements : list of Undecided
    options : list of str
        Of Snakemake, such as `["--configfile", "presets/paper.yaml"]`.
    costs_of : callable
        Of a configuration and jobs: the cost of each job, by rule.
    waiting : sequence of Job
        Those that would be run anyway, which a further seed does not pay for.

    Returns
    -------
    list of str
        One line per statement.
    """
    experiment = resolve(config, name)
    hours, anyway = {}, {_key(job) for job in waiting}

    def price(key, changes, counted):
        """Hours of the jobs that these changes of the experiment ask for."""
        if key not in hours:
            overlay = {"experiments": {name: changes}}
            jobs = filter(counted, _jobs(overlay, options))
            hours[key] = _hours(costs_of(merged(config, overlay), list(jobs)))
        return hours[key]

    def seeds(each):
        more = int(each.seeds_needed) - each.seeds
        further = {"seeds": [*experiment["seeds"], max(experiment["seeds"]) + 1]}

        def of_it(job):
            return _key(job) not in anyway and any(key in job.wildcards for key in _OF_A_SEED)

        took = price("seed", further, of_it)
        return f"{int(each.seeds_needed)} seeds ({more} more: {more * took:.2g} hours)"

    def classes(each):
        size = data_size(experiment["data"])
        wanted = math.ceil(each.classes_times * analysis_size(experiment, size, 1).classes)
        if wanted > size.classes:
            return f"{wanted} classes (the data have {size.classes})"
        changes = {"analysis": {"classes": wanted}}
        of_it = price(wanted, changes, lambda job: job.wildcards.get("experiment") == name)
        return f"{wanted} classes ({of_it:.2g} hours)"

    lines = []
    for each in statements:
        ways = []
        if np.isfinite(each.seeds_needed) and each.seeds_needed > each.seeds:
            ways.append(seeds(each))
        if np.isfinite(each.classes_times) and each.classes_times > 1:
            ways.append(classes(each))
        if np.isfinite(each.images_times) and each.images_times > 1:
            ways.append(f"{each.images_times:.2g} times as many images")
        enough = each.seeds_needed <= each.seeds or each.classes_times == 1
        lines.append(f"{each.name}: {' or '.join(ways) or (_OTHER if enough else _NOTHING)}")
    return lines


def _jobs(overlay, options):
    """The jobs of a dry run with this laid over the configuration."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "overlay.yaml"
        path.write_text(yaml.safe_dump(overlay), encoding="utf-8")
        given = options if options else ["--configfile"]
        return planned_jobs([*given, str(path)])


def _key(job):
    return job.rule, tuple(sorted(job.wildcards.items()))


def _hours(costs):
    return sum(cost.seconds for found in costs.values() for cost in found) / 3600


def _name(row):
    width = f"width {row.width:g}" if row.width > 0 else ""  # of a sweep it is not a number
    parts = (row.target, f"label noise {row.noise:g}", width, row.estimator)
    return ", ".join(part for part in parts if part)
