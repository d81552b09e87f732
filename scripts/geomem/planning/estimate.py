"""What a run would cost, before it is run: jobs, CPU hours, disk, memory.

Times a few training steps, forward passes and geometries on this machine, for each network that
is still to be trained or analysed (about a minute). Refuses when the disk is too small. Where a run
has left statements undecided, says what would decide them, and what that would cost.
"""

import functools
import os
import shutil
from collections import defaultdict
from pathlib import Path

from geomem import commands
from geomem.config.cli import combined
from geomem.config.experiments import as_text, resolve, selected
from geomem.config.sharing import data_name, trainings
from geomem.errors import InputError
from geomem.planning.costs import job_cost
from geomem.planning.deciding import claims_table, prices, undecided
from geomem.planning.dry_run import planned_jobs
from geomem.planning.sizes import analysis_size, data_size
from geomem.process import limit_threads
from geomem.registry.stages import STAGES, planned

_DISK_MARGIN = 1.1  # logs, metadata, what is there twice while it is written


def main(argv=None):
    """Print the estimate; a disk too small is an InputError."""
    parser = commands.parser("estimate", __doc__)
    parser.add_argument("--configfile", type=Path, nargs="*", default=[], help="presets, in order")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="to divide the time by")
    arguments = parser.parse_args(argv)
    limit_threads(1)
    config = combined([Path("config.yaml"), *arguments.configfile])
    options = ["--configfile", *map(str, arguments.configfile)] if arguments.configfile else []
    jobs = planned_jobs(options)
    judged = [name for name in selected(config) if claims_table(name).exists()]
    rates = Measured() if jobs or judged else None
    if jobs:
        estimate_jobs(config, jobs, rates, arguments.cores)
    else:
        print("Nothing would be run: every result is there and up to date.")
    for name in judged:
        if found := undecided(name):
            print(f"\nWhat would decide {name}, each alone, with probability 0.8 (on one core):")
            known = functools.partial(costs_by_rule, rates=rates)
            print(*prices(config, name, found, options, known, jobs), sep="\n")
    return 0


def estimate_jobs(config, jobs, rates, cores):
    """Print what jobs cost; a disk too small is an InputError."""
    costs = costs_by_rule(config, jobs, rates)
    from geomem.training.device import choose_device

    gpu = choose_device().type != "cpu"
    print(report(costs, cores, gpu=gpu))
    if not gpu and (longest := longest_training(config, jobs, costs)):
        print(precision_note(*longest))
    check_disk(costs, Path("results"))


def costs_by_rule(config, jobs, rates=None):
    """The cost of every job, by rule.

    Parameters
    ----------
    config : dict
    jobs : list of Job
    rates : Measured, optional
        Speeds known so far.

    Returns
    -------
    dict of str to list of Cost
    """
    rates = rates or Measured()
    known = functools.cache(
        lambda rule, name, width, noise: job_cost(rule, resolve(config, name), rates, width, noise)
    )
    experiments = {name: resolve(config, name) for name in selected(config)}
    trained, _ = trainings(experiments)
    by_data = {data_name(experiment): name for name, experiment in experiments.items()}
    costs = defaultdict(list)
    for job in jobs:
        values = job.wildcards
        if "training" in values:
            training = trained[values["training"]]
            name, settings = training.experiment, training.settings
            width, noise = settings["width"], settings["noise"]
        else:
            first = next(iter(experiments))  # stands for all, where a job is of all
            name = values.get("experiment") or by_data.get(values.get("data"), first)
            width = int(values["width"]) if "width" in values else None
            noise = float(values["noise"]) if "noise" in values else None
        kind = values.get("measure", job.rule)
        costs[kind].append(known(kind, name, width, noise))
    return costs


def longest_training(config, jobs, costs):
    """Experiment, width and data size of the training that takes longest; None without any."""
    experiments = {name: resolve(config, name) for name in selected(config)}
    trained, _ = trainings(experiments)
    planned = [trained[job.wildcards["training"]] for job in jobs if job.rule == "train"]
    if not planned:
        return None
    longest = max(zip(costs["train"], planned, strict=True), key=lambda pair: pair[0].seconds)[1]
    experiment = experiments[longest.experiment]
    return experiment, longest.settings["width"], data_size(experiment["data"])


def precision_note(experiment, width, size):
    """What training.precision bfloat16 would change on this CPU, timed with a few steps of each."""
    from geomem.planning.timing import precision_gain

    gain = precision_gain(experiment, width, size)
    chosen = experiment["training"]["precision"] == "bfloat16"
    speed = (
        f"{experiment['model']['name']}, width {width}: bfloat16 trains {gain:.1f} times as fast"
    )
    if gain >= 1.1:
        advice = "" if chosen else "; training.precision: bfloat16 uses it"
    else:
        advice = "; training.precision: float32 is the better choice here" if chosen else ""
    return f"{speed} as float32 on this processor{advice}."


class Measured:
    """Speeds of the elements of the work, each timed once on this machine."""

    def __init__(self):
        from geomem.planning import timing

        # Before this process grows: a child's peak memory counts its parent's at the fork.
        startups = {kind: timing.startup(kind) for kind in {s.startup for s in STAGES.values()}}
        self.startup = startups.__getitem__
        self.glyph = functools.cache(timing.glyph_seconds)
        self._known = {}

    def network(self, experiment, width):
        """The `NetworkRates` of an experiment's network."""
        from geomem.planning.timing import network_rates

        size = data_size(experiment["data"])
        names = ("data", "model", "training")
        analysis = {k: v for k, v in experiment["analysis"].items() if k != "epochs"}
        key = as_text([width, analysis, *(experiment[name] for name in names)])
        return self._once(
            key, lambda: network_rates(experiment, width, size, analysis_size(experiment, size, 1))
        )

    def geometry(self, experiment):
        """Seconds for one layer and one kind of manifolds."""
        from geomem.planning.timing import geometry_seconds

        analysis_set = analysis_size(experiment, data_size(experiment["data"]), 1)
        settings = experiment["geometry"]
        key = as_text([settings, analysis_set.classes, analysis_set.per_class])
        return self._once(key, lambda: geometry_seconds(settings, analysis_set))

    def simulation(self, experiment):
        """Seconds of the simulated capacity of one layer and one kind of manifolds."""
        from geomem.planning.timing import simulation_seconds

        settings = {k: v for k, v in experiment["simulation"].items() if k != "epochs"}
        return self._once(as_text(settings), lambda: simulation_seconds(settings))

    def _once(self, key, measure):
        if key not in self._known:
            self._known[key] = measure()
        return self._known[key]


def report(costs, cores, gpu=False):
    """A table of the costs by kind of job, and their sums.

    Parameters
    ----------
    costs : dict of str to list of Cost
    cores : int
    gpu : bool
        Whether what uses torch was timed on a GPU.
    """
    lines = [f"{'':12} {'jobs':>6} {'CPU hours':>10} {'GPU hours':>10} {'disk':>9} {'memory':>9}"]
    processor = graphics = 0.0
    for rule, found in costs.items():
        hours = sum(cost.seconds for cost in found) / 3600
        on_gpu = gpu and planned(rule).startup == "torch"
        lines.append(_line(rule, found, *((0, hours) if on_gpu else (hours, 0))))
        graphics += hours * on_gpu
        processor += hours * (not on_gpu)
    every = [cost for found in costs.values() for cost in found]
    lines.append(_line("together", every, processor, graphics))
    lines.append(f"\nAbout {_duration(processor / cores)} on {cores} cores, one job on each.")
    if gpu:
        lines.append(f"About {_duration(graphics)} on one GPU besides.")
    return "\n".join(lines)


def _line(name, found, processor, graphics):
    disk = _size(sum(cost.disk for cost in found))
    memory = _size(max(cost.memory for cost in found))
    return f"{name:12} {len(found):6,} {processor:10.3f} {graphics:10.3f} {disk:>9} {memory:>9}"


def _size(count):
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def _duration(hours):
    if hours < 1 / 30:
        return f"{hours * 3600:.0f} seconds"
    if hours < 1 / 6:
        return f"{hours * 60:.1f} minutes"
    return f"{hours * 60:.0f} minutes" if hours < 2 else f"{hours:.3g} hours"


def check_disk(costs, folder):
    """Raise InputError if what would be written does not fit."""
    needed = _DISK_MARGIN * sum(cost.disk for found in costs.values() for cost in found)
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        raise InputError(
            f"{folder} needs {_size(needed)} more (with a tenth for logs), and {_size(free)} are "
            "free there; make room, make results a link to a larger disk, or ask for fewer "
            "analysis.epochs, widths, seeds or images (analysis.per_class)"
        )
