"""Accuracy and loss of a network on training and test images.

Kinds: `train` (all training images, assigned labels), `unpermuted` and `permuted` (the training
images whose label was left alone, or is wrong now; assigned labels), `restored` (the same images as
permuted, true labels), and the two halves of the test images: `validation`, on which the best epoch
is chosen, and `test`, on which accuracies are reported. The highest of many accuracies is higher
than what the network of that epoch achieves on other images, so one half may not do both.
"""

import contextlib
import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from torch.nn import functional

from geomem.data.labels import is_permuted
from geomem.errors import InputError
from geomem.models import in_format, placed
from geomem.proportion import score_interval
from geomem.training.batches import Normalizer, resident
from geomem.training.device import autocast

KINDS = ("train", "test", "unpermuted", "permuted", "restored", "validation")
MEASURES = ("correct", "loss", "loss_sd")  # the last axis of a measurement
_BATCH = {"cpu": 128, "cuda": 2048}


@dataclass(frozen=True)
class Targets:
    """The labels of all images.

    Attributes
    ----------
    assigned, true : ndarray of int64, shape (n_train,)
        What the network is trained on, and what the image shows.
    redrawn : ndarray of bool, shape (n_train,)
        Whether the label was drawn again, even if it came out the same.
    held_out : ndarray of int64, shape (n_test,)
        Of all test images, those for validation included.
    """

    assigned: np.ndarray
    true: np.ndarray
    redrawn: np.ndarray
    held_out: np.ndarray

    @property
    def unpermuted(self):
        """Which training images kept their label, ndarray of bool."""
        return ~self.redrawn

    @property
    def permuted(self):
        """Which training images have a wrong label, ndarray of bool."""
        return is_permuted(self.true, self.assigned, self.redrawn)

    @property
    def validation(self):
        """Which test images choose the best epoch, ndarray of bool: every second of each class."""
        chosen = np.zeros(len(self.held_out), dtype=bool)
        chosen[np.argsort(self.held_out, kind="stable")[1::2]] = True
        return chosen

    @classmethod
    def from_table(cls, labels, images):
        """From the columns of a label table and the image set it belongs to.

        Raises
        ------
        InputError
            If the table does not list every training image in order with its true label, or
            there are not enough test images for two halves.
        """
        true = np.asarray(labels["true_label"], dtype=np.int64)
        if not np.array_equal(true, images.train_labels) or not np.array_equal(
            labels["index"], np.arange(len(true))
        ):
            raise InputError(
                f"the label table ({len(true)} rows) does not list the {len(images.train_labels)} "
                "training images in order with their true labels; make it again from this image set"
            )
        if len(images.test_labels) < 2:
            raise InputError(
                f"there are {len(images.test_labels)} test images; expected at least 2, since half "
                "of them choose the best epoch. Add test images"
            )
        return cls(
            assigned=np.asarray(labels["assigned_label"], dtype=np.int64),
            true=true,
            redrawn=np.asarray(labels["kind"] != "unpermuted", dtype=bool),
            held_out=np.asarray(images.test_labels, dtype=np.int64),
        )

    def counts(self):
        """Number of images of each kind, in the order of `KINDS`: tuple of int."""
        permuted, validation = int(self.permuted.sum()), int(self.validation.sum())
        reported = len(self.held_out) - validation
        n_unpermuted = int(self.unpermuted.sum())
        return len(self.assigned), reported, n_unpermuted, permuted, permuted, validation


@dataclass(frozen=True)
class EvaluationSet:
    """All images of a data set on a device, with their labels, ready to be evaluated.

    Attributes
    ----------
    train_images, test_images : Tensor of uint8, shape (n, C, H, W), channels-last
    targets : Targets
    normalizer : Normalizer
    """

    train_images: torch.Tensor
    test_images: torch.Tensor
    targets: Targets
    normalizer: Normalizer

    @classmethod
    def of(cls, images, targets, device):
        """From an `ImageSet` and its targets."""
        return cls(
            resident(images.train_images, device),
            resident(images.test_images, device),
            targets,
            Normalizer.of(images),
        )


@contextlib.contextmanager
def evaluation_mode(model):
    """Put a model in evaluation mode and afterwards back in the mode it was in."""
    training = model.training
    model.eval()
    try:
        yield model
    finally:
        model.train(training)


def predict_logits(model, images, normalizer, *, precision="float32", batch_size=None):
    """What a network answers to images, in evaluation mode.

    Parameters
    ----------
    model : Module
        On the images' device.
    images : Tensor of uint8, shape (n, C, H, W)
        As `resident` returns them.
    normalizer : Normalizer
    precision : str
        "float32", "bfloat16" or "float16"; a training's own measurements use its precision.
    batch_size : int, optional
        Default: 128 on a CPU (what its caches hold), 2048 on a GPU.

    Returns
    -------
    Tensor of float32, shape (n, n_classes), on the images' device.
    """
    batch_size = batch_size or _BATCH.get(images.device.type, _BATCH["cpu"])
    placed(model)  # the layout decides the last bits of a sum
    with evaluation_mode(model), torch.inference_mode(), autocast(images.device, precision):
        batches = (in_format(model, normalizer(batch)) for batch in images.split(batch_size))
        return torch.cat([model(batch).float() for batch in batches])


def score(logits, labels):
    """Whether each prediction is right, and its cross-entropy.

    Parameters
    ----------
    logits : Tensor of float32, shape (n, n_classes)
    labels : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of bool and ndarray of float64 (nats), shape (n,) each.
    """
    labels = torch.tensor(labels, device=logits.device)
    losses = functional.cross_entropy(logits, labels, reduction="none")
    return (logits.argmax(1) == labels).cpu().numpy(), losses.double().cpu().numpy()


def measure(train_logits, test_logits, targets):
    """Correct predictions, mean loss and its standard deviation for every kind.

    Returns
    -------
    ndarray of float64, shape (len(KINDS), len(MEASURES)); losses are NaN for an empty kind.
    """
    assigned = score(train_logits, targets.assigned)
    true = score(train_logits, targets.true)
    test = score(test_logits, targets.held_out)
    permuted, validation = targets.permuted, targets.validation
    by_kind = {
        "train": assigned,
        "test": [values[~validation] for values in test],
        "unpermuted": [values[targets.unpermuted] for values in assigned],
        "permuted": [values[permuted] for values in assigned],
        "restored": [values[permuted] for values in true],
        "validation": [values[validation] for values in test],
    }
    return np.array([_summary(*by_kind[kind]) for kind in KINDS])


def _summary(correct, losses):
    if not len(losses):
        return 0.0, math.nan, math.nan
    with np.errstate(invalid="ignore"):  # infinite losses have no deviation
        return float(correct.sum()), float(losses.mean()), float(losses.std())


def correctness(train_logits, targets):
    """Which training images are given their assigned label, and which their true one.

    Returns
    -------
    ndarray of uint8, shape (2, ceil(n_train / 8))
        A bit for each image, see `numpy.packbits`.
    """
    found = train_logits.argmax(1).cpu().numpy()
    return np.packbits([found == targets.assigned, found == targets.true], axis=1)


def evaluate(model, images, *, precision="float32"):
    """Measure a network on an `EvaluationSet`: one pass over train and one over test.

    Returns
    -------
    ndarray of float64, shape (len(KINDS), len(MEASURES)), see `measure`.
    """
    return evaluate_each(model, images, precision=precision)[0]


def evaluate_each(model, images, *, precision="float32"):
    """What `evaluate` returns, and `correctness` of each training image, in the same passes."""
    train, test = (
        predict_logits(model, part, images.normalizer, precision=precision)
        for part in (images.train_images, images.test_images)
    )
    return measure(train, test, images.targets), correctness(train, images.targets)


def accuracy(measurement, targets, kind):
    """The accuracy of one kind in a measurement; NaN if there are no images of that kind."""
    n = targets.counts()[KINDS.index(kind)]
    return measurement[KINDS.index(kind), 0] / n if n else math.nan


def measurement_rows(measurement, targets, confidence=0.95):
    """A measurement as rows of a long table; kinds without images have none.

    Returns
    -------
    list of dict with the keys kind, metric, value, lo, hi, n.
        `accuracy` with Wilson's interval, `loss` (cross-entropy in nats, mean over the images)
        with the normal interval of its mean.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rows = []
    for kind, n, (correct, loss, deviation) in zip(
        KINDS, targets.counts(), measurement.tolist(), strict=True
    ):
        if n == 0:
            continue
        lo, hi = map(float, score_interval(correct / n, n, z))
        half = z * deviation / math.sqrt(n)
        common = {"kind": kind, "n": n}
        rows.append({**common, "metric": "accuracy", "value": correct / n, "lo": lo, "hi": hi})
        rows.append(
            {**common, "metric": "loss", "value": loss, "lo": loss - half, "hi": loss + half}
        )
    return rows
