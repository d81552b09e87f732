"""A small data set, its labels, an analysis set and networks, for the analyses' tests."""

from functools import cache

import numpy as np
import torch
from geomem.data.analysis_set import choose_analysis_set
from geomem.data.image_sets import ImageSet
from geomem.data.labels import assign_labels, label_table
from geomem.models import build_model
from geomem.training.batches import Normalizer

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
    return ImageSet(*draw(PER_CLASS), *draw(20), names)


def labels_of(images, noise=0.5):
    return label_table(
        images.train_labels, *assign_labels(images.train_labels, rule="other", noise=noise, seed=1)
    )


def analysis_set_of(images, labels, per_class=M):
    return choose_analysis_set(labels, images.test_labels, per_class=per_class, seed=2)


@cache
def _trained_state(seed, name, width, shape):
    images = image_set(shape=shape)
    inputs = Normalizer.fit(images.train_images)(torch.from_numpy(images.train_images))
    labels = torch.from_numpy(images.train_labels)
    model = build_model({"name": name}, width, n_classes=CLASSES, image_shape=shape, seed=seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(15):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    return model.state_dict()


def network(images, seed=0, name="vgg-small", width=2):
    """A network in evaluation mode after a few steps of training; each seed trains another."""
    shape = tuple(images.image_shape)
    model = build_model({"name": name}, width, n_classes=CLASSES, image_shape=shape, seed=seed)
    model.load_state_dict(_trained_state(seed, name, width, shape))
    return model.to(memory_format=torch.channels_last).eval()
