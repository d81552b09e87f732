"""What a run would cost, before it is run: jobs, CPU hours, disk, memory.

Times a few training steps, forward passes and geometries on this machine, for each network that
is still to be trained or analysed (about a minute). Refuses when the disk is too small.
"""

import argparse
import functools
import os
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from geomem.command import limit_threads
from geomem.config.cli import overlaid, read
from geomem.config.experiments import resolve
from geomem.errors import InputError
from geomem.planning.dry_run import planned_jobs
from geomem.planning.sizes import data_size, probe_size, result_bytes

# What a job imports decides what it costs to start.
_STARTS = {
    "images": "table", "labels": "table", "probe": "table", "train": "torch",
    "snapshot": "arrays", "activations": "torch", "geometry": "geometry", "rewind": "torch",
    "gradients": "torch", "table": "table", "figure": "plot",
}  # fmt: skip
_DRAWING = 1.0  # seconds of CPU for a figure, its libraries loaded
_DECODING = 1e-3  # for an image read from a file
_DISK_MARGIN = 1.1  # logs, metadata, what is there twice while it is written
_BATCH = 256  # images in a forward pass on a CPU
_WORKSPACE = 200e6  # bytes that torch takes beyond what it is asked for, measured


@dataclass(frozen=True)
class Cost:
    """Of one job: CPU seconds, bytes left on disk, bytes of memory at its peak."""

    seconds: float
    disk: float
    memory: float


def main(argv=None):
    """Print the estimate; a disk too small is an InputError."""
    parser = argparse.ArgumentParser(prog="python -m geomem estimate", description=__doc__)
    parser.add_argument("--configfile", type=Path, nargs="*", default=[], help="presets, in order")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="to divide the time by")
    arguments = parser.parse_args(argv)
    limit_threads(1)
    config = read(Path("config.yaml"))
    for path in arguments.configfile:
        config = overlaid(config, read(path))
    options = ["--configfile", *map(str, arguments.configfile)] if arguments.configfile else []
    jobs = planned_jobs(options)
    if not jobs:
        print("Nothing would be run: every result is there and up to date.")
        return 0
    costs = costs_by_rule(config, jobs)
    print(report(costs, arguments.cores))
    check_disk(costs, Path("results"))
    return 0


def costs_by_rule(config, jobs):
    """The cost of every job, by rule.

    Returns
    -------
    dict of str to list of Cost
    """
    kinds = Counter(_kind(job) for job in jobs)
    measure = Measured(config)
    costs = defaultdict(list)
    for (rule, name, width, noise), count in kinds.items():
        costs[rule] += [measure.cost(rule, name, width, noise)] * count
    return costs


def _kind(job):
    """Jobs of one kind cost the same."""
    values = job.wildcards
    width = int(values["width"]) if "width" in values else None
    noise = float(values["noise"]) if "noise" in values else None
    return job.rule, values["experiment"], width, noise


class Measured:
    """Costs of jobs, each element timed once.

    Parameters
    ----------
    config : dict
    """

    def __init__(self, config):
        from geomem.planning import timing

        self._experiments = functools.cache(lambda name: resolve(config, name))
        # Before this process grows: a child's peak memory counts its parent's at the fork.
        self._startup = {kind: timing.startup(kind) for kind in set(_STARTS.values())}
        self._glyph = functools.cache(timing.glyph_seconds)
        self._network = functools.cache(self._time_network)
        self._geometry = functools.cache(self._time_geometry)

    def _time_network(self, name, width):
        from geomem.planning.timing import network_rates

        experiment = self._experiments(name)
        size = data_size(experiment["data"])
        return network_rates(experiment, width, size, probe_size(experiment, size, 1))

    def _time_geometry(self, name):
        from geomem.planning.timing import geometry_seconds

        experiment = self._experiments(name)
        size = data_size(experiment["data"])
        return geometry_seconds(experiment["geometry"], probe_size(experiment, size, 1))

    def cost(self, rule, name, width, noise):
        """The `Cost` of one job."""
        experiment = self._experiments(name)
        size = data_size(experiment["data"])
        probe = None if noise is None else probe_size(experiment, size, noise)
        network = None if width is None else self._network(name, width)
        seconds, memory = self._startup[_STARTS[rule]]
        disk = result_bytes(rule, experiment, size, probe, network)
        work = {
            "images": lambda: self._drawing(experiment["data"], size),
            "train": lambda: _training(experiment, size, network),
            "activations": lambda: _observing(probe, network),
            "geometry": lambda: self._geometry(name) * len(network.features) * probe.kinds,
            "rewind": lambda: _rewinding(experiment, size, network),
            "gradients": lambda: _splitting(experiment, probe, network),
            "figure": lambda: _DRAWING,
        }
        held = {
            "images": lambda: 2 * size.bytes,
            "train": lambda: 2 * size.bytes + 4 * network.state_bytes + _batch(experiment, network),
            "activations": lambda: size.bytes + _kept(probe, network),
            "geometry": lambda: result_bytes("activations", experiment, size, probe, network),
            "rewind": lambda: 2 * size.bytes + network.plans * network.weight_bytes,
            "gradients": lambda: 2 * size.bytes + 20 * network.weight_bytes,
        }
        seconds += work[rule]() if rule in work else 0
        memory += held[rule]() if rule in held else 0
        memory += _WORKSPACE if _STARTS[rule] == "torch" else 0
        return Cost(seconds, disk, memory)

    def _drawing(self, data, size):
        each = self._glyph() if data["name"] == "glyphs" else _DECODING
        return (size.train + size.test) * each


def _training(experiment, size, network):
    epochs = experiment["training"]["epochs"]
    evaluated = (size.train + size.test) * network.forward
    return epochs * (size.train * network.step + evaluated) + evaluated


def _observing(probe, network):
    # Features too many to keep are computed twice.
    passes = 1 if _feature_bytes(probe, network) <= 2**29 else 2
    return probe.images * (passes * network.forward + network.scatter)


def _rewinding(experiment, size, network):
    rewind = experiment["rewind"]
    images = min(rewind["train_images"] or size.train, size.train) + size.test
    # Networks with nothing or everything rewound are computed in full once more, to check.
    checked = 1 + len(rewind["epochs"])
    each = {policy: network.share for policy in rewind["batch_norm"]} | {"recalibrate": 2}
    passes = sum(network.plans * each[policy] + checked for policy in rewind["batch_norm"])
    return images * network.forward * passes


def _splitting(experiment, probe, network):
    images = probe.classes * probe.per_class * (2 if probe.kinds == 4 else 1)
    backward = max(network.step - network.forward, 0)
    return len(experiment["gradients"]["epochs"]) * images * (network.forward + 2 * backward)


def _feature_bytes(probe, network):
    """Of the analysed layers' outputs for one kind of images."""
    return 4 * sum(network.features) * probe.classes * probe.per_class


def _kept(probe, network):
    batch = 4 * sum(network.features) * _BATCH
    return min(_feature_bytes(probe, network), 2**29) + batch + 24 * sum(network.features)


def _batch(experiment, network):
    """Outputs kept for the backward pass; batch norm and ReLU keep theirs too."""
    images = max(experiment["training"]["batch_size"], _BATCH)
    return 3 * 4 * sum(network.features) * images


def report(costs, cores):
    """A table of the costs by kind of job, and their sums."""
    lines = [f"{'':12} {'jobs':>6} {'CPU hours':>10} {'disk':>9} {'memory':>9}"]
    for rule, found in costs.items():
        lines.append(_line(rule, found))
    every = [cost for found in costs.values() for cost in found]
    lines.append(_line("together", every))
    hours = sum(cost.seconds for cost in every) / 3600
    lines.append(f"\nAbout {_duration(hours / cores)} on {cores} cores, one job on each.")
    return "\n".join(lines)


def _line(name, found):
    hours = sum(cost.seconds for cost in found) / 3600
    disk = sum(cost.disk for cost in found)
    memory = max(cost.memory for cost in found)
    return f"{name:12} {len(found):6,} {hours:10.3f} {_size(disk):>9} {_size(memory):>9}"


def _size(count):
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def _duration(hours):
    if hours < 1 / 30:
        return f"{hours * 3600:.0f} seconds"
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
            f"{folder} needs {_size(needed)} more, and {_size(free)} are free there; make room, "
            "make results a link to a larger disk, or ask for fewer analysis.epochs, widths, "
            "seeds or images (analysis.per_class)"
        )
