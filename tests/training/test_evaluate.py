"""Accuracies, losses and intervals against slow, plain counting."""

import math
from dataclasses import replace

import numpy as np
import pandas
import pytest
import torch
from geomem.data.labels import assign_labels, label_table
from geomem.errors import InputError
from geomem.models import build_model
from geomem.training.evaluate import (
    KINDS,
    EvaluationSet,
    Targets,
    accuracy,
    evaluate,
    measure,
    measurement_rows,
    predict_logits,
)
from scipy.stats import binomtest

from tests.training.problems import image_set, targets_of

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def case():
    images = image_set()
    model = build_model(
        {"name": "vgg-small", "dropout": 0.5}, 3, n_classes=5, image_shape=(1, 16, 16), seed=0
    )
    return model, images


def slow_measurement(model, images, targets):
    """One image at a time, one Python loop."""
    pixels = images.train_images.astype(float)
    mean, deviation = pixels.mean(), pixels.std()
    model.eval()
    found = {kind: [] for kind in KINDS}

    def look(picture, label):
        with torch.no_grad():
            logits = model(torch.tensor(((picture[None] - mean) / deviation).astype(np.float32)))
        z = logits[0].double().numpy()
        return int(z.argmax()) == label, float(np.log(np.exp(z).sum()) - z[label])

    for i, picture in enumerate(images.train_images):
        seen = look(picture, targets.assigned[i])
        found["train"].append(seen)
        if not targets.redrawn[i]:
            found["unpermuted"].append(seen)
        elif targets.assigned[i] != targets.true[i]:
            found["permuted"].append(seen)
            found["restored"].append(look(picture, targets.true[i]))
    halves = ["test", "validation"]
    for label in np.unique(targets.held_out):  # alternate through the classes in order
        for i in np.flatnonzero(targets.held_out == label):
            found[halves[0]].append(look(images.test_images[i], label))
            halves = halves[::-1]
    model.train()
    return found


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
def test_counts_and_losses_of_every_kind(case, noise):
    model, images = case
    targets = targets_of(images, noise)
    found = evaluate(model, EvaluationSet.of(images, targets, CPU))
    slow = slow_measurement(model, images, targets)
    for kind, n, (correct, loss, deviation) in zip(KINDS, targets.counts(), found, strict=True):
        assert n == len(slow[kind])
        assert correct == sum(right for right, _ in slow[kind])
        if n:
            losses = [value for _, value in slow[kind]]
            assert loss == pytest.approx(np.mean(losses), rel=1e-4)
            assert deviation == pytest.approx(np.std(losses), rel=1e-3, abs=1e-6)
            assert accuracy(found, targets, kind) == correct / n
        else:
            assert math.isnan(loss)
            assert math.isnan(accuracy(found, targets, kind))


def test_the_model_is_left_in_training_mode_and_unchanged(case):
    model, images = case
    before = {name: value.clone() for name, value in model.state_dict().items()}
    evaluate(model, EvaluationSet.of(images, targets_of(images), CPU))
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_size_of_batches_changes_no_prediction(case):
    model, images = case
    data = EvaluationSet.of(images, targets_of(images), CPU)
    whole = predict_logits(model, data.train_images, data.normalizer, batch_size=1000)
    for size in (1, 7):
        parts = predict_logits(model, data.train_images, data.normalizer, batch_size=size)
        torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-5)


def test_rows_have_intervals_and_leave_out_empty_kinds():
    targets = Targets(np.arange(4), np.arange(4), np.zeros(4, dtype=bool), np.arange(2))
    nothing, one = [0.0, math.nan, math.nan], [1, 2.0, 0.0]
    measurement = np.array([[3, 1.0, 0.5], one, [3, 1.0, 0.5], nothing, nothing, one])
    rows = measurement_rows(measurement, targets)
    assert [(row["kind"], row["metric"]) for row in rows] == [
        (kind, metric)
        for kind in ("train", "test", "unpermuted", "validation")
        for metric in ("accuracy", "loss")
    ]
    lo, hi = binomtest(3, 4).proportion_ci(method="wilson")
    assert rows[0] == {
        "kind": "train", "metric": "accuracy", "value": 0.75, "n": 4,
        "lo": pytest.approx(lo, abs=1e-12), "hi": pytest.approx(hi, abs=1e-12),
    }  # fmt: skip
    assert rows[1]["hi"] - rows[1]["value"] == pytest.approx(1.959964 * 0.5 / 2)
    assert rows[3]["lo"] == rows[3]["hi"] == 2.0


def test_a_label_table_of_other_images_is_refused():
    images = image_set()
    table = pandas.DataFrame(
        {
            "index": np.arange(60),
            "true_label": images.train_labels,
            "assigned_label": images.train_labels,
            "kind": ["unpermuted"] * 59 + ["coincident"],
        }
    )
    found = Targets.from_table(table, images)
    assert (found.redrawn.sum(), found.permuted.sum(), found.unpermuted.sum()) == (1, 0, 59)
    for wrong in (table[:59], table.assign(true_label=0), table.iloc[::-1]):
        with pytest.raises(InputError, match="label table"):
            Targets.from_table(wrong, images)


def test_halves_of_the_test_images_hold_equally_many_of_every_class():
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(7), 5))
    targets = Targets(labels, labels, np.zeros(35, dtype=bool), labels)
    assert targets.validation.sum() == 17
    counts = np.bincount(labels[targets.validation])
    assert set(counts) == {2, 3}
    with pytest.raises(InputError, match="expected at least 2"):
        images = replace(image_set(), test_images=np.zeros((1, 1, 4, 4)), test_labels=labels[:1])
        none = np.zeros(len(images.train_labels), dtype=bool)
        Targets.from_table(label_table(images.train_labels, images.train_labels, none), images)


def test_a_network_that_only_guesses_restores_no_coincidence():
    """With few classes many labels drawn again come out true; they count for no kind."""
    images = image_set()
    true = images.train_labels
    assigned, redrawn = assign_labels(true, noise=1.0, seed=1)
    targets = Targets(assigned, true, redrawn, images.test_labels)
    assert (assigned == true).any()
    perfect = torch.nn.functional.one_hot(torch.tensor(assigned)).float()
    test = torch.nn.functional.one_hot(torch.tensor(images.test_labels)).float()
    found = measure(perfect, test, targets)
    assert accuracy(found, targets, "permuted") == 1
    assert accuracy(found, targets, "restored") == 0
