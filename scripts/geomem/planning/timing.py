"""CPU seconds of the workflow's elements, measured on this machine with one thread.

Processor time rather than time on the clock, so that a busy machine gives the same numbers. With
a GPU, training and everything else that uses torch is timed on the clock.
"""

import subprocess
import sys
import time

import numpy as np

from geomem.places import IMPORTED_FROM
from geomem.planning.costs import NetworkRates
from geomem.planning.sizes import AnalysisSize
from geomem.planning.work import draws

_SECONDS = 0.6  # to spend on each measurement, about
# Made-up manifolds: how many features (early layers have many, late ones few), and the mean square
# of points over that of centres.
_CLOUDS = (400, 100)
_WITHIN = 8

_IMPORTS = {
    "torch": "torch, pyarrow.parquet, geomem.training.loop",
    "geometry": "pandas, pyarrow.parquet, geomem.geometry.measure",
    "table": "pandas, pyarrow.parquet",
    "arrays": "numpy, geomem.training.state",
    "plot": "pandas, pyarrow.parquet, matplotlib.pyplot",
}


def startup(kind):
    """CPU seconds and peak memory (bytes) of starting Python with the imports of a kind of job."""
    program = (
        f"import sys; sys.path.insert(0, {str(IMPORTED_FROM)!r});"
        f" import resource, {_IMPORTS[kind]};"
        " u = resource.getrusage(resource.RUSAGE_SELF);"
        " print(u.ru_utime + u.ru_stime, u.ru_maxrss * 1024)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    seconds, peak = said.stdout.split()
    return float(seconds), float(peak)


def network_rates(experiment, width, size, analysis_set):
    """Train, evaluate and observe one network for a moment.

    Parameters
    ----------
    experiment : dict
        As it will run.
    width : int
    size : DataSize
    analysis_set : AnalysisSize

    Returns
    -------
    NetworkRates
    """
    from geomem.models.chosen import analysed_layers
    from geomem.models.layers import list_layers
    from geomem.training.device import choose_device
    from geomem.training.evaluate import predict_logits

    device = choose_device()
    trainer, material = _trainer(experiment, width, size, device)
    n, steps, clock = len(material.train_images), trainer.steps_per_epoch, _clock(device)
    per_step = _mean_seconds(trainer.advance, clock)
    forward = _mean_seconds(
        lambda: predict_logits(trainer.model, material.train_images, material.normalizer), clock
    )
    layers = list_layers(trainer.model)
    analysed, _ = analysed_layers(trainer.model, experiment["analysis"])
    features = tuple(layer.features for layer in analysed)
    state = trainer.state()
    return NetworkRates(
        step=per_step * steps / n,
        forward=forward / n,
        scatter=sum(_scatter_seconds(N, analysis_set, device) for N in features)
        / analysis_set.per_class,
        weight_bytes=sum(v.nbytes for k, v in state.items() if k.startswith("model/")),
        state_bytes=sum(array.nbytes for array in state.values()),
        features=features,
        weighted=sum(1 for layer in layers if layer.state),
        share=_share(layers),
    )


def precision_gain(experiment, width, size):
    """How many times as fast as in float32 a network is trained in bfloat16 on this CPU.

    Parameters
    ----------
    experiment, width, size
        As for `network_rates`.
    """
    import torch

    training, seconds = experiment["training"], {}
    for precision in ("float32", "bfloat16"):
        changed = {**experiment, "training": {**training, "precision": precision}}
        trainer, _ = _trainer(changed, width, size, torch.device("cpu"))
        seconds[precision] = _mean_seconds(trainer.advance, time.process_time)
    return seconds["float32"] / seconds["bfloat16"]


def _trainer(experiment, width, size, device):
    """A network about to be trained on a few made-up images, and these."""
    import torch

    from geomem.data.image_sets import ImageSet
    from geomem.models import build_model
    from geomem.training.device import compute_deterministically
    from geomem.training.evaluate import EvaluationSet, Targets
    from geomem.training.portable import recipe_section
    from geomem.training.recipe import Recipe
    from geomem.training.trainer import Trainer

    torch.set_num_threads(1)
    compute_deterministically()
    recipe = Recipe.read(recipe_section(experiment["training"]))
    n, classes = min(2 * recipe.batch_size, size.train), size.classes
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (n, *size.shape), dtype=np.uint8)
    labels = np.arange(n, dtype=np.int64) % classes
    names = np.array([str(i) for i in range(classes)])
    images = ImageSet(pixels, labels, pixels, labels, names)
    targets = Targets(labels, labels, np.zeros(n, bool), labels)
    material = EvaluationSet.of(images, targets, device)
    model = build_model(
        experiment["model"], width, n_classes=classes, image_shape=size.shape, seed=0
    )
    return Trainer(model, recipe, material, 0), material


def _share(layers):
    sizes = np.array([layer.features for layer in layers if layer.state], dtype=float)
    return float((sizes[::-1].cumsum() / sizes.sum()).mean())


def _scatter_seconds(n_features, analysis_set, device):
    """Seconds for the mean and the products of one manifold in one layer."""
    import torch

    from geomem.geometry.products import moments, project

    points = torch.randn(analysis_set.per_class, n_features, device=device)
    centers = torch.randn(analysis_set.classes, n_features, dtype=torch.float64, device=device)

    def both():
        moments(points)
        project(points, centers)

    return _mean_seconds(both, _clock(device), seconds=0.05)


def geometry_seconds(settings, analysis_set):
    """CPU seconds of the geometry of one layer and kind, on average over layers.

    Timed on made-up manifolds with few Gaussian vectors, and scaled to the number asked for and
    those of the other plausible low-rank structures. What a further vector costs is timed without
    such structures.
    """
    _geometry_seconds(_cloud(AnalysisSize(10, 10, 4), 100), settings, 2)  # loads the compiled code
    few, some = 4, 24
    plain = {**settings, "low_rank": {"rule": "shrinkage", "k": "none"}}
    further = draws(settings) - draws({**settings, "n_t": few})
    seconds = 0.0
    for n_features in _CLOUDS:
        cloud = _cloud(analysis_set, n_features)
        less, more = (_geometry_seconds(cloud, plain, n_t) for n_t in (few, some))
        seconds += _geometry_seconds(cloud, settings, few)
        seconds += max(more - less, 0) / (some - few) * further
    return seconds / len(_CLOUDS)


def _cloud(analysis_set, n_features):
    """Manifolds whose centres and points have the falling spectra that networks' have."""
    generator = np.random.default_rng(0)
    falls = np.arange(1, n_features + 1.0) ** -0.5
    points = (
        generator.standard_normal((analysis_set.classes, analysis_set.per_class, n_features))
        * falls
    )
    centers = generator.standard_normal((analysis_set.classes, 1, n_features)) * falls**2
    scale = (points**2).mean() / _WITHIN / (centers**2).mean()
    return centers * scale**0.5 + points


def _geometry_seconds(cloud, settings, n_t):
    from geomem.analysis.mean_field import options
    from geomem.geometry import manifold_geometry

    low_rank = dict(settings["low_rank"])
    if low_rank["k"] == "shared":
        low_rank["k"] = "auto"
    start = time.process_time()
    manifold_geometry(
        cloud, n_t=n_t, random_state=0, threads=1, kappa=settings["kappa"], **options(low_rank)
    )
    return time.process_time() - start


def simulation_seconds(settings):
    """CPU seconds of the simulated capacity of one layer and kind, on made-up manifolds."""
    from geomem.geometry import simulated_capacity

    analysis_set = AnalysisSize(settings["classes"], settings["per_class"], 1)
    cloud = _cloud(analysis_set, _CLOUDS[0])
    simulated_capacity(cloud, n_dichotomies=10, random_state=0, threads=1)  # loads compiled code
    start = time.process_time()
    simulated_capacity(cloud, n_dichotomies=settings["dichotomies"], random_state=0, threads=1)
    return time.process_time() - start


def glyph_seconds():
    """CPU seconds to draw one glyph."""
    from geomem.data.glyphs import make_glyphs

    make_glyphs(classes=2, train_per_class=1, test_per_class=1)  # loads the fonts
    start = time.process_time()
    make_glyphs(classes=5, train_per_class=10, test_per_class=2)
    return (time.process_time() - start) / 60


def _clock(device):
    if device.type == "cpu":
        return time.process_time
    import torch

    def clock():
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return clock


def _mean_seconds(call, clock, seconds=_SECONDS):
    """Mean seconds of a call, after one that does not count."""
    call()
    start, count = clock(), 0
    while count < 2 or (clock() - start < seconds and count < 50):
        call()
        count += 1
    return (clock() - start) / count
