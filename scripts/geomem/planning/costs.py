"""What one job costs, from its experiment's settings and the speed of the elements of the work.

The speeds are either measured now (`estimate`) or were measured once (`resources`). Nothing here
imports more than the standard library.
"""

from dataclasses import dataclass

from geomem.config.experiments import runs
from geomem.planning.sizes import data_size, geometry_rows, probe_size, result_bytes

# What a job imports decides what it costs to start.
STARTS = {
    "images": "table", "labels": "table", "probe": "table", "train": "torch",
    "snapshot": "arrays", "activations": "torch", "geometry": "geometry", "rewind": "torch",
    "gradients": "torch", "simulation": "torch", "table": "table", "figure": "plot",
    "claims": "table", "explorer": "plot", "provenance": "table",
}  # fmt: skip
_DRAWING = 2.2  # seconds of CPU for a figure, its libraries loaded
_DECODING = 1e-3  # for an image read from a file
_ROW = 2e-6, 300  # seconds and bytes of memory for a row of a table that is read
_BATCH = 256  # images in a forward pass on a CPU
_BUNDLER = 300e6  # bytes to put the explorer's script together
_WORKSPACE = 200e6  # bytes that torch takes beyond what it is asked for, measured


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
        Of a forward pass that a rewound network takes, on average: what comes before the first
        layer that is set back is shared. A layer's time is taken to go with the size of its output.
    """

    step: float
    forward: float
    scatter: float
    weight_bytes: float
    state_bytes: float
    features: tuple
    weighted: int
    share: float


def job_cost(rule, experiment, rates, width=None, noise=None, size=None):
    """The cost of one job on one core.

    Parameters
    ----------
    rule : str
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
    size = size or data_size(experiment["data"])
    probe = probe_size(experiment, size, 1 if noise is None else noise)
    network = None if width is None else rates.network(experiment, width)
    rows = len(runs(experiment)) * len(experiment["analysis"]["epochs"]) * geometry_rows(probe, 20)
    noisy = noise is None or noise > 0

    def results(rule):
        return result_bytes(rule, experiment, size, probe, network)

    work = {
        "images": lambda: _drawing(experiment["data"], size, rates),
        "train": lambda: _training(experiment, size, network),
        "activations": lambda: _observing(probe, network),
        "geometry": lambda: rates.geometry(experiment) * len(network.features) * probe.kinds,
        "rewind": lambda: _rewinding(experiment, size, network),
        "gradients": lambda: _splitting(experiment, size, network, noise or 0),
        "simulation": lambda: _simulating(experiment, rates, network, noisy),
        "table": lambda: rows * _ROW[0],
        "figure": lambda: _DRAWING + rows * _ROW[0],
        "claims": lambda: rows * _ROW[0],
        "explorer": lambda: _DRAWING + rows * _ROW[0],
    }
    held = {
        "images": lambda: 2 * size.bytes,
        "train": lambda: 2 * size.bytes + 4 * network.state_bytes + _batch(experiment, network),
        # What is written is held twice: layer by layer, and as the file's arrays.
        "activations": lambda: size.bytes + _kept(probe, network) + 2 * results("activations"),
        "geometry": lambda: results("activations"),
        "rewind": lambda: 2 * size.bytes + _rewound_bytes(experiment, network),
        "gradients": lambda: (
            2 * size.bytes + 20 * network.weight_bytes + _batch(experiment, network)
        ),
        "simulation": lambda: size.bytes + _kept(probe, network),
        "table": lambda: rows * _ROW[1],
        "figure": lambda: rows * _ROW[1],
        "claims": lambda: rows * _ROW[1],
        "explorer": lambda: _BUNDLER + rows * _ROW[1],
    }
    seconds, memory = rates.startup(STARTS[rule])
    seconds += work[rule]() if rule in work else 0
    memory += held[rule]() if rule in held else 0
    memory += _WORKSPACE if STARTS[rule] == "torch" else 0
    return Cost(seconds, results(rule), memory)


def _rewound(experiment, network):
    """Networks that rewinding evaluates for each policy of batch norm."""
    rewind = experiment["rewind"]
    each = 1 + len(rewind["schemes"]) * network.weighted + len(rewind["sets"])
    return 1 + len(rewind["epochs"]) * each


def _rewound_bytes(experiment, network):
    """Each epoch's weights twice, as read and as parts of a network, and one pass on the way."""
    weights = 2 * (1 + len(experiment["rewind"]["epochs"])) * network.weight_bytes
    return weights + 4 * sum(network.features) * _BATCH


def _drawing(data, size, rates):
    each = rates.glyph() if data["name"] == "glyphs" else _DECODING
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
    networks = _rewound(experiment, network)
    passes = sum(networks * each[policy] + checked for policy in rewind["batch_norm"])
    return images * network.forward * passes


def _simulating(experiment, rates, network, noisy):
    settings = experiment["simulation"]
    kinds = [kind for kind in settings["kinds"] if noisy or kind in ("unpermuted", "test")]
    images = settings["classes"] * settings["per_class"]
    each = len(network.features) * rates.simulation(experiment) + images * network.forward
    return len(settings["epochs"]) * len(kinds) * each


def _splitting(experiment, size, network, noise):
    most = experiment["gradients"]["per_class"] or size.train
    each = size.train / max(size.classes, 1)
    images = size.classes * sum(min(most, part * each) for part in (noise, 1 - noise))
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
