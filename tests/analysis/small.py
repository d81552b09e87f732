"""A small data set, its labels, a probe and networks, for the analyses' tests."""

import numpy as np
import torch
from geomem.data.image_sets import ImageSet
from geomem.data.labels import assign_labels, label_table
from geomem.data.probe import choose_probe
from geomem.models import build_model

CLASSES, PER_CLASS, M = 5, 24, 4
SPEC = {"model": {"name": "vgg-small"}, "width": 2}


def image_set(seed=0, shape=(1, 16, 16)):
    """Noisy images with a class pattern each."""
    random = np.random.default_rng(seed)
    patterns = random.integers(0, 200, (CLASSES, *shape))

    def draw(count):
        labels = np.repeat(np.arange(CLASSES), count)
        noise = random.integers(0, 56, (len(labels), *shape))
        return (patterns[labels] + noise).astype(np.uint8), labels

    names = np.array([f"class {label}" for label in range(CLASSES)])
    return ImageSet(*draw(PER_CLASS), *draw(8), names)


def labels_of(images, noise=0.5):
    return label_table(
        images.train_labels, *assign_labels(images.train_labels, rule="other", noise=noise, seed=1)
    )


def probe_of(images, labels, per_class=M):
    return choose_probe(labels, images.test_labels, per_class=per_class, seed=2)


def network(images, seed=0, name="vgg-small", width=2):
    """An evaluated network whose batch-norm statistics are not those it began with."""
    model = build_model(
        {"name": name}, width, n_classes=CLASSES, image_shape=images.image_shape, seed=seed
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(3):
            model(torch.randn(16, *images.image_shape))
    return model.to(memory_format=torch.channels_last).eval()
