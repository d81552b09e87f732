"""Time, memory and GPUs that a job asks a scheduler for, from speeds measured once.

`benchmarks/rates.py` measured them (rates.json): one core, the built-in networks at two widths,
100 classes. They are carried to other widths by a power law in between, to other images with the
number of pixels, to other numbers of classes and images as docs/cluster.md says. Standard library
alone (and Pillow for the size of a folder's images): Snakemake loads this whenever it starts. It is
none of the jobs' code, so nothing here starts a job again.
"""

import functools
import json
import math
from dataclasses import fields
from math import prod
from pathlib import Path

from geomem.planning.costs import NetworkRates, job_cost
from geomem.planning.sizes import analysis_size, planned_size
from geomem.planning.work import draws
from geomem.registry.stages import planned

RATES = json.loads((Path(__file__).parent / "rates.json").read_text())

# Asked for beyond what the measurements say. Other processors, busy nodes, slow file systems.
_TIME_MARGIN, _MINUTES = 3, 10
_MEMORY_MARGIN, _MEGABYTES = 1.5, 500
# A GPU as so many cores, and seconds for a training step at least. Not measured: taken to hold for
# any GPU of the last ten years.
_GPU, _STEP = 30, 0.02


class Recorded:
    """The speeds of rates.json, as `job_cost` asks for them."""

    def startup(self, kind):
        return RATES["startup"][kind]

    def glyph(self):
        return RATES["glyph"]

    def network(self, experiment, width):
        """A built-in network's rates; one's own network is taken to be a VGG16 of that width."""
        size = planned_size(experiment["data"])
        analysis_set = analysis_size(experiment, size, 1)
        known = RATES["networks"].get(experiment["model"]["name"], RATES["networks"]["vgg16"])
        (small, low), (large, high) = ((int(w), known[w]) for w in sorted(known, key=int))
        place = math.log(width / small) / math.log(large / small)
        pixels = prod(size.shape[1:]) / 32**2
        values = {
            field.name: _between(low[field.name], high[field.name], place)
            for field in fields(NetworkRates)
        }
        for name in ("step", "forward", "scatter"):
            values[name] *= pixels
        values["scatter"] *= (analysis_set.classes + analysis_set.per_class) / 150
        values["features"] = tuple(count * pixels for count in values["features"])
        return NetworkRates(**values)

    def geometry(self, experiment):
        analysis_set = analysis_size(experiment, planned_size(experiment["data"]), 1)
        settings = experiment["geometry"]
        clouds = analysis_set.classes / 100
        programs = clouds * (analysis_set.per_class / 50) * (draws(settings) / 300)
        removes = settings["low_rank"]["k"] not in ("none", 0)
        low_rank = clouds**3.3 if removes and settings["low_rank"]["rule"] == "authors" else 0
        recorded = RATES["geometry"]
        return recorded["programs"] * programs + recorded["low_rank"] * low_rank

    def simulation(self, experiment):
        settings = experiment["simulation"]
        points = settings["classes"] * settings["per_class"] / 200
        return RATES["simulation"] * settings["dichotomies"] / 100 * points**2


def _between(low, high, place):
    """Power law through two values, at 0 and at 1."""
    if isinstance(low, list):
        return [_between(a, b, place) for a, b in zip(low, high, strict=True)]
    return low * (high / low) ** place


@functools.cache
def _cost(rule, text, width, noise):
    experiment = json.loads(text)
    size = planned_size(experiment["data"])
    return job_cost(rule, experiment, Recorded(), width, noise, size)


def _tried(rule, attempt):
    """The rule whose work a job does.

    Training keeps the epochs asked for, so a snapshot is a copy. Only where states were removed is
    it trained again, at worst from the start; a second attempt asks for that.
    """
    return "train" if rule == "snapshot" and attempt > 1 else rule


def _steps(rule, text):
    if rule != "train":
        return 0
    experiment = json.loads(text)
    training, images = experiment["training"], planned_size(experiment["data"]).train
    return training["epochs"] * math.ceil(images / training["batch_size"])


def minutes(rule, text, width=None, noise=None, *, gpu=False, attempt=1):
    """The time limit of a job, in whole minutes.

    Parameters
    ----------
    rule : str
        Name of its rule; of a job that measures layers, the measure's.
    text : str
        The experiment as JSON.
    width, noise : optional
        The job's, where it has them.
    gpu : bool
        Whether the job gets a GPU.
    attempt : int
        1 for the first; each further one may take as much longer.
    """
    rule = _tried(rule, attempt)
    seconds = _cost(rule, text, width, noise).seconds
    if gpu and planned(rule).uses_gpu:
        seconds = seconds / _GPU + _STEP * _steps(rule, text)
    return math.ceil((_MINUTES + _TIME_MARGIN * seconds / 60) * attempt)


def megabytes(rule, text, width=None, noise=None, *, attempt=1):
    """The memory of a job, in whole MB; parameters as for `minutes`."""
    memory = _cost(_tried(rule, attempt), text, width, noise).memory / 1e6
    return math.ceil((_MEGABYTES + _MEMORY_MARGIN * memory) * attempt)
