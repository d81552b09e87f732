"""What the job of each stage takes beyond starting: seconds, memory, and what it leaves on disk.

A stage or a measure of layers names its function in its entry of the registry. Each is given a
`Job` and returns a `Work`. Nothing here imports more than the standard library.
"""

from dataclasses import dataclass

from geomem.config.experiments import runs
from geomem.planning.sizes import (
    activations_bytes,
    geometry_rows,
    rewind_rows,
    states_kept,
)

_DRAWING = 2.2  # seconds of CPU for a figure, its libraries loaded
_TORCH = 4.7, 650e6  # seconds and bytes to read what torch saved, measured
_DECODING = 1e-3  # for an image read from a file
_ROW = 2e-6, 300  # seconds and bytes of memory for a row of a table that is read
# As in geomem.geometry, which needs numpy: structures besides the one used, and vectors for each.
PLAUSIBLE, PROFILE_DRAWS = 2, 50
_STORED_ROW = 30  # bytes of a row in Parquet, measured: 20 to 40
_FIGURE = 400_000  # bytes of png and svg
_EXPLORER = 3_000_000  # bytes
_BATCH = 128  # images in a forward pass on a CPU, when a network is evaluated,
_ANALYSED = 64  # and when its layers are analysed
# Seconds of CPU, measured on one thread beside another program (Intel Xeon with AVX-512):
_PROBE = 1.0  # probes of a layer, 20 classes of 25 images of two kinds: .34 to 1.5 by its features
_CKA = 0.45  # two CKAs of 500 images with their intervals
_ROWS = 0.03  # intervals and table of one layer and kind, 60 manifolds
_GLUE = 0.6  # seconds of CPU for 16 manifolds of 150 points and 200 draws, measured


@dataclass(frozen=True)
class Work:
    """Of one job beyond its start: seconds, bytes of memory, bytes left on disk."""

    seconds: float = 0
    memory: float = 0
    disk: float = 0


@dataclass(frozen=True)
class Job:
    """One job to be planned.

    Attributes
    ----------
    experiment : dict
    rates : object
        See `geomem.planning.costs.job_cost`.
    size : DataSize
    analysis_set : AnalysisSize
    network : NetworkRates or None
        Of the job's width, where it has one.
    noise : float
        Label noise; 1 where the job has none.
    """

    experiment: dict
    rates: object
    size: object
    analysis_set: object
    network: object
    noise: float

    @property
    def noisy(self):
        """Whether labels are permuted."""
        return self.noise > 0

    @property
    def rows(self):
        """Of the whole experiment's table of geometry or of single images, the larger one."""
        epochs = len(self.experiment["analysis"]["epochs"])
        each = epochs * geometry_rows(self.analysis_set, 20)
        return len(runs(self.experiment)) * max(each, self.size.train)


def images(job):
    each = job.rates.glyph() if job.experiment["data"]["name"] == "glyphs" else _DECODING
    seconds = (job.size.train + job.size.test) * each
    return Work(seconds, 2 * job.size.bytes, job.size.bytes)


def labels(job):
    path = str(job.experiment["labels"].get("path", ""))
    seconds, memory = _TORCH if path.endswith((".pt", ".pth")) else (0, 0)
    return Work(seconds, memory, job.size.train * _STORED_ROW)


def analysis_set(job):
    return Work(disk=job.analysis_set.images * _STORED_ROW)


def train(job):
    size, network, epochs = job.size, job.network, job.experiment["training"]["epochs"]
    evaluated = (size.train + size.test) * network.forward
    seconds = epochs * (size.train * network.step + evaluated) + evaluated
    memory = 2 * size.bytes + 4 * network.state_bytes + _backward_bytes(job)
    return Work(seconds, memory, states_kept(job.experiment) * network.state_bytes)


def imported_network(job):
    size, network = job.size, job.network
    count = len(job.experiment["weights"]["epochs"])
    seconds = count * (size.train + size.test) * network.forward
    memory = (
        2 * size.bytes + (count + 2) * network.weight_bytes + 4 * sum(network.features) * _BATCH
    )
    return Work(seconds, memory)


def snapshot(job):
    return Work(disk=job.network.weight_bytes)


def activations(job):
    analysis_set, network = job.analysis_set, job.network
    # Features too many to wait in a file are computed twice.
    passes = 1 if _feature_bytes(job) <= 2**29 else 2
    seconds = analysis_set.images * (passes * network.forward + network.scatter)
    # What is written is held twice: layer by layer, and as the file's arrays.
    written = activations_bytes(job.experiment, analysis_set, network.features)
    return Work(seconds, job.size.bytes + _pass_bytes(job) + 2 * written, written)


def recorded_activations(job):
    written = activations_bytes(job.experiment, job.analysis_set, job.network.features)
    layer = max(job.network.features) * job.analysis_set.images * 16  # bytes, as read and centred
    return Work(memory=2 * written + layer, disk=written)


def geometry(job):
    layers = len(job.network.features)
    each = job.rates.geometry(job.experiment) + _ROWS * job.analysis_set.classes / 60
    seconds = each * layers * job.analysis_set.kinds
    held = activations_bytes(job.experiment, job.analysis_set, job.network.features)
    return Work(seconds, held, geometry_rows(job.analysis_set, layers) * _STORED_ROW)


def draws(settings):
    """Gaussian vectors for each manifold of a layer, those of the plausible range included.

    Parameters
    ----------
    settings : dict
        The section `geometry`; a shared number of removed directions has no such range.
    """
    n_t, low_rank = settings["n_t"], settings["low_rank"]
    ranged = low_rank == {"rule": "shrinkage", "k": "auto"}
    return n_t + (PLAUSIBLE * min(n_t, PROFILE_DRAWS) if ranged else 0)


def glue(job):
    """Exponents as measured, see docs/glue.md."""
    settings, size = job.experiment["glue"], job.analysis_set
    if settings["dichotomies"] == "pairs":
        programs = size.classes * (size.classes - 1) / 2 * (2 / 16) ** 1.74
    else:
        programs = (size.classes / 16) ** 1.74
    seconds = _GLUE * programs * (size.per_class / 150) ** 0.9 * settings["n_t"] / 200
    held = measure(job)
    return Work(seconds * len(job.network.features) * size.kinds, held.memory, held.disk)


def measure(job):
    """A measure of the user's own: what it computes is not known."""
    held = activations_bytes(job.experiment, job.analysis_set, job.network.features)
    return Work(0, held, geometry_rows(job.analysis_set, len(job.network.features)) * _STORED_ROW)


def rewind(job):
    settings, network, size = job.experiment["rewind"], job.network, job.size
    images = min(settings["train_images"] or size.train, size.train) + size.test
    each = 1 + len(settings["schemes"]) * network.weighted + len(settings["sets"])
    networks = 1 + len(settings["epochs"]) * each
    # Networks with nothing or everything rewound are computed in full once more, to check.
    checked = 1 + len(settings["epochs"])
    cost = {policy: network.share for policy in settings["batch_norm"]} | {"recalibrate": 2}
    passes = sum(networks * cost[policy] + checked for policy in settings["batch_norm"])
    # Each epoch's weights twice, as read and as parts of a network, and one pass on the way.
    weights = 2 * (1 + len(settings["epochs"])) * network.weight_bytes
    memory = 2 * size.bytes + weights + 4 * sum(network.features) * _ANALYSED
    rows = rewind_rows(job.experiment, network)
    return Work(images * network.forward * passes, memory, rows * _STORED_ROW)


def gradients(job):
    network, epochs = job.network, len(job.experiment["gradients"]["epochs"])
    most = job.experiment["gradients"]["per_class"] or job.size.train
    each = job.size.train / max(job.size.classes, 1)
    images = job.size.classes * sum(min(most, part * each) for part in (job.noise, 1 - job.noise))
    backward = max(network.step - network.forward, 0)
    seconds = epochs * images * (network.forward + 2 * backward)
    memory = 2 * job.size.bytes + 20 * network.weight_bytes + _backward_bytes(job)
    return Work(seconds, memory, len(network.features) * 50 * epochs * _STORED_ROW)


def simulation(job):
    settings, network = job.experiment["simulation"], job.network
    kinds = [kind for kind in settings["kinds"] if job.noisy or kind in ("unpermuted", "test")]
    images = settings["classes"] * settings["per_class"]
    layers = len(network.features) * job.rates.simulation(job.experiment)
    seconds = len(settings["epochs"]) * len(kinds) * (layers + images * network.forward)
    return Work(seconds, job.size.bytes + _pass_bytes(job))


def probes(job):
    """Seconds go with the eigenvectors of the inner products of the training images of a layer."""
    settings = job.experiment["probes"]
    points = 2 * settings["classes"] * settings["per_class"]
    return _of_points(job, settings, 4 * points, _PROBE * (points / 1000) ** 3)


def similarity(job):
    settings = job.experiment["similarity"]
    points = settings["classes"] * settings["per_class"]
    epochs, axes = len(settings["epochs"]), (job.experiment["widths"], job.experiment["seeds"])
    pairs = (epochs - 1) / 2 + sum((len(axis) - 1) / 2 for axis in axes)
    return _of_points(job, settings, points, _CKA * pairs * (points / 500) ** 2)


def _of_points(job, settings, images, each):
    """A stage that shows images to the network at some epochs: `each` second per layer of one."""
    network, epochs = job.network, len(settings["epochs"])
    products = 2e-11 * sum(network.features) * images**2
    seconds = epochs * (images * network.forward + products + each * len(network.features))
    return Work(seconds, job.size.bytes + _pass_bytes(job) + 64 * images**2)


def examples(job):
    count = job.size.train
    return Work(count * _ROW[0], count * (_ROW[1] + job.experiment["training"]["epochs"]), 0)


def table(job):
    return Work(job.rows * _ROW[0], job.rows * _ROW[1])


def figure(job):
    return Work(_DRAWING + job.rows * _ROW[0], job.rows * _ROW[1], _FIGURE)


def explorer(job):
    return Work(job.rows * _ROW[0], job.rows * _ROW[1], _EXPLORER)


def _feature_bytes(job):
    """Of the analysed layers' outputs for one kind of images."""
    return 4 * sum(job.network.features) * job.analysis_set.classes * job.analysis_set.per_class


def _pass_bytes(job):
    """Of two passes over the analysed images: outputs of a batch, and means of all manifolds."""
    means = 8 * job.analysis_set.classes
    return (4 * _ANALYSED + 2 * means) * sum(job.network.features)


def _backward_bytes(job):
    """Outputs kept for the backward pass; those of batch norm and ReLU too."""
    images = max(job.experiment["training"]["batch_size"], _BATCH)
    return 3 * 4 * sum(job.network.features) * images
