"""What one job costs, from its experiment's settings and the speed of the elements of the work.

The speeds are either measured now (`estimate`) or were measured once (`resources`). Nothing here
imports more than the standard library.
"""

from dataclasses import dataclass
from pkgutil import resolve_name

from geomem.planning.sizes import analysis_size, data_size
from geomem.planning.work import Job, Work
from geomem.registry.stages import planned

_FEATURES = 4096  # of a layer that was recorded elsewhere
_WORKSPACE = 200e6  # bytes beyond what torch is asked for; a margin where it gave back libraries


@dataclass(frozen=True)
class Cost:
    """Of one job: seconds, bytes left on disk, bytes of memory at its peak."""

    seconds: float
    disk: float
    memory: float


@dataclass(frozen=True)
class NetworkRates:
    """What one network costs.

    Attributes
    ----------
    step, forward, scatter : float
        Seconds per image: of training, of a forward pass, and of the inner products of all
        analysed layers.
    weight_bytes, state_bytes : int
        Of its weights and buffers, and of a training state.
    features : tuple of int
        Of every analysed layer.
    weighted : int
        Layers with weights, which can be rewound.
    share : float
        Fraction of a forward pass that a rewound network takes, on average: what comes before the
        first rewound layer is computed once. A layer's time is taken to go with the size of its
        output.
    """

    step: float
    forward: float
    scatter: float
    weight_bytes: float
    state_bytes: float
    features: tuple
    weighted: int
    share: float


def _network(experiment, rates, width):
    if experiment.get("activations"):  # how many features they have is not known
        layers = len(experiment["analysis"]["layers"])
        return NetworkRates(0, 0, 0, 0, 0, (_FEATURES,) * layers, 0, 0)
    return rates.network(experiment, width)


def job_cost(rule, experiment, rates, width=None, noise=None, size=None):
    """The cost of one job on one core.

    Parameters
    ----------
    rule : str
        Name of its rule; of a job that measures layers, the measure's.
    experiment : dict
        As it will run.
    rates : object
        `startup(kind)`, seconds and bytes of memory of starting Python; `glyph()`, seconds;
        `network(experiment, width)`, a NetworkRates; `geometry(experiment)` and
        `simulation(experiment)`, seconds per layer and kind of manifolds.
    width, noise : optional
        The job's, where it has them.
    size : DataSize, optional
        Of the experiment's data; by default counted.

    Returns
    -------
    Cost
    """
    stage = planned(rule)
    size = size or data_size(experiment["data"])
    job = Job(
        experiment=experiment,
        rates=rates,
        size=size,
        analysis_set=analysis_size(experiment, size, 1 if noise is None else noise),
        network=None if width is None else _network(experiment, rates, width),
        noise=1 if noise is None else noise,
    )
    work = resolve_name(stage.cost)(job) if stage.cost else Work()
    seconds, memory = rates.startup(stage.startup)
    workspace = _WORKSPACE if stage.startup == "torch" else 0
    return Cost(seconds + work.seconds, work.disk, memory + work.memory + workspace)
