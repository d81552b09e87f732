"""The gradient split against per-example autograd, the closed form, and statistics of noise."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from geomem.analysis import gradients as module
from geomem.analysis.gradients import (
    choose_examples,
    deal,
    gradient_products,
    group_gradient,
    measures,
    n_groups,
    null_labels,
    split_gradients,
)
from geomem.analysis.networks import recalibrate
from geomem.data.image_sets import ImageSet
from geomem.data.labels import assign_labels, label_table
from geomem.errors import InputError
from geomem.models import build_model, list_layers
from geomem.training.batches import Normalizer
from torch.nn import functional

from tests.analysis import small


@pytest.fixture(scope="module")
def images():
    return small.image_set()


@pytest.fixture(scope="module")
def labels(images):
    return small.labels_of(images)


def inputs_of(images, pixels):
    return Normalizer.fit(images.train_images)(torch.from_numpy(pixels))


def both_parts(model, images, pixels, labels, expected=None):
    """By default with the same expectation for every class."""
    parameters = list(model.parameters())
    normalizer = Normalizer.fit(images.train_images)
    if expected is None:
        expected = np.full((len(labels), small.CLASSES), 1 / small.CLASSES, dtype=np.float32)
    return group_gradient(model, parameters, pixels, labels, expected, normalizer)


@pytest.mark.parametrize("batch", [3, 128])
def test_parts_are_sums_over_single_examples(images, monkeypatch, batch):
    monkeypatch.setattr(module, "_BATCH", {"cpu": batch})
    model = small.network(images)
    pixels, labels = images.train_images[::17][:7], np.arange(7) % small.CLASSES
    parameters = list(model.parameters())
    expected = [[torch.zeros_like(p) for p in parameters] for _ in range(2)]
    for image, label in zip(inputs_of(images, pixels), labels, strict=True):
        logits = model(image[None])[0]
        jacobian = [torch.autograd.grad(f, parameters, retain_graph=True) for f in logits]
        for c, of_logit in enumerate(jacobian):
            shares = -(float(c == label) - 1 / 5), logits.softmax(0)[c].item() - 1 / 5
            for part, share in zip(expected, shares, strict=True):
                for total, gradient in zip(part, of_logit, strict=True):
                    total += share * gradient.detach() / len(labels)
    for part, wanted in zip(both_parts(model, images, pixels, labels), expected, strict=True):
        for value, want in zip(part, wanted, strict=True):
            torch.testing.assert_close(value, want, rtol=1e-4, atol=1e-6)


def test_parts_add_up_to_the_gradient_of_the_loss(images):
    model = small.network(images)
    pixels, labels = images.train_images, images.train_labels
    loss = functional.cross_entropy(model(inputs_of(images, pixels)), torch.from_numpy(labels))
    whole = torch.autograd.grad(loss, list(model.parameters()))
    for label, independent, want in zip(
        *both_parts(model, images, pixels, labels), whole, strict=True
    ):
        torch.testing.assert_close(label + independent, want, rtol=1e-4, atol=1e-6)


def test_last_layer_without_weights_has_the_closed_form(images):
    """Row c of the total is -(1/C)(mu_c - hbar), and the independent part is zero."""
    model = small.network(images)
    with torch.no_grad():
        model.fc3.linear.weight.zero_()
        model.fc3.linear.bias.zero_()
        hidden = model[:-1](inputs_of(images, images.train_images))
    names = [name for name, _ in model.named_parameters()]
    label, independent = (
        dict(zip(names, part, strict=True))["fc3.linear.weight"]
        for part in both_parts(model, images, images.train_images, images.train_labels)
    )
    means = hidden.reshape(small.CLASSES, small.PER_CLASS, -1).mean(1)
    torch.testing.assert_close(label, -(means - hidden.mean(0)) / small.CLASSES)
    torch.testing.assert_close(independent, torch.zeros_like(independent), rtol=0, atol=1e-7)


def test_last_layer_at_small_weights_approaches_the_closed_form(images):
    """The whole gradient is off by the size of the logits, which the independent part carries."""
    model = small.network(images)
    with torch.no_grad():
        hidden = model[:-1](inputs_of(images, images.train_images))
        model.fc3.linear.bias.zero_()
        weights = model.fc3.linear.weight.clone()
    names = [name for name, _ in model.named_parameters()]
    means = hidden.reshape(small.CLASSES, small.PER_CLASS, -1).mean(1)
    closed = -(means - hidden.mean(0)) / small.CLASSES
    errors = []
    for scale in (1e-2, 1e-3):
        with torch.no_grad():
            model.fc3.linear.weight.copy_(scale * weights)
        parts = both_parts(model, images, images.train_images, images.train_labels)
        label, independent = (
            dict(zip(names, part, strict=True))["fc3.linear.weight"] for part in parts
        )
        torch.testing.assert_close(label, closed)  # it does not depend on the weights
        errors.append(float((label + independent - closed).norm() / closed.norm()))
    assert errors[0] < 0.05
    assert 0.05 < errors[1] / errors[0] < 0.2  # first order in the weights


def test_noise_floor_of_the_last_layer_is_that_of_class_means(images):
    """sqrt(tr Sigma / n_c) with the covariance of the centred features within a class."""
    model = small.network(images)
    with torch.no_grad():
        model.fc3.linear.weight.zero_()
        model.fc3.linear.bias.zero_()
    clean = small.labels_of(images, noise=0.0)
    found = table(model, images, clean, per_class=20)
    found = found[(found["layer"] == "fc3") & (found["part"] == "label")].set_index("metric")
    chosen = choose_examples(clean, "unpermuted", per_class=20)
    with torch.no_grad():
        flat = inputs_of(images, images.train_images[chosen.reshape(-1)])
        hidden = model[:-1](flat).reshape(small.CLASSES, 20, -1).double()
    bias = torch.ones_like(hidden[..., :1])  # the bias sees a constant feature
    features = torch.cat([hidden, bias], dim=2)
    rows = (features - features.mean(0)) / small.CLASSES
    variance = float(rows.var(dim=1).sum()) / 20
    assert found.loc["noise_floor", "value"] == pytest.approx(np.sqrt(variance), rel=1e-3)


def table(model, images, labels, epoch=3, **settings):
    normalizer = Normalizer.fit(images.train_images)
    layers = list_layers(model)
    rows = split_gradients(model, layers, images, labels, normalizer, epoch=epoch, **settings)
    return pd.DataFrame(rows, columns=list(module.COLUMNS))


def test_labels_that_tell_nothing_leave_the_label_part_at_its_noise_floor():
    """Structureless images: norm^2 over noise_floor^2 is 1 in the mean; with classes far above."""
    random = np.random.default_rng(3)
    shape = (1, 16, 16)
    labels = np.repeat(np.arange(small.CLASSES), small.PER_CLASS)
    noise = random.integers(0, 256, (len(labels), *shape)).astype(np.uint8)
    names = np.array(list("abcde"))
    structureless = ImageSet(noise, labels, noise, labels, names)
    patterned = small.image_set()
    ratios = []
    for images in (structureless, patterned):
        clean = small.labels_of(images, noise=0.0)
        rows = table(small.network(patterned), images, clean, per_class=20)
        rows = rows[rows["part"] == "label"]
        value = rows.pivot_table(values="value", index="layer", columns="metric")
        ratios.append((value["norm"] / value["noise_floor"]) ** 2)
    assert 0.6 < ratios[0].mean() < 1.6
    assert (ratios[1] > 10).all()


def test_measures_are_those_of_the_vectors():
    random = np.random.default_rng(0)
    n, size = 6, 40
    sizes = np.array([2, 2, 2, 2, 1, 1])
    weights = sizes / 10
    parts = random.normal(size=(2, n, size)) + np.array([1.0, -0.5])[:, None, None]
    products = np.einsum("aif,bjf->aibj", parts, parts)
    rows = {(row["part"], row["metric"]): row for row in measures(products, sizes)}
    vectors = {"label": parts[0], "independent": parts[1], "total": parts.sum(0)}
    mean = {name: weights @ x for name, x in vectors.items()}
    for name, x in vectors.items():
        assert rows[name, "norm"]["value"] == pytest.approx(np.linalg.norm(mean[name]))
        floor = np.sqrt(weights @ ((x - mean[name]) ** 2).sum(1) / (n - 1))
        assert rows[name, "noise_floor"]["value"] == pytest.approx(floor)
        signal = (mean[name] @ mean[name] - floor**2) / (10 * floor**2)
        assert rows[name, "signal"]["value"] == pytest.approx(signal)
    cosine = mean["label"] @ mean["independent"]
    cosine /= np.linalg.norm(mean["label"]) * np.linalg.norm(mean["independent"])
    assert rows["total", "cosine"]["value"] == pytest.approx(cosine)
    assert all(row["lo"] <= row["value"] <= row["hi"] for row in rows.values())


def test_intervals_cover_the_norm_of_the_mean():
    """Of a mean well above its noise, 95 % intervals contain the truth about that often."""
    random = np.random.default_rng(1)
    truth = np.full(30, 1.0)
    inside = 0
    for _ in range(300):
        groups = truth + random.normal(size=(1, 10, 30))
        parts = np.concatenate([groups, np.ones_like(groups)])
        rows = measures(np.einsum("aif,bjf->aibj", parts, parts), np.full(10, 1))
        norm = next(r for r in rows if r["part"] == "label" and r["metric"] == "norm")
        inside += norm["lo"] <= np.sqrt(truth @ truth + 30 / 10) <= norm["hi"]
    assert 0.90 < inside / 300 < 0.99


def test_groups_hold_every_position_once():
    groups = deal(11, 4)
    assert sorted(np.concatenate(groups)) == list(range(11))
    assert {len(group) for group in groups} == {2, 3}
    small_parameter, large = torch.empty(10), torch.empty(2**26, device="meta")
    assert n_groups(25, [small_parameter]) == 25
    assert n_groups(25, [large]) == 4


def test_table_has_every_layer_with_parameters_and_kind(images, labels):
    model = small.network(images)
    rows = table(model, images, labels)
    weighted = [layer.name for layer in list_layers(model) if layer.state]
    assert list(dict.fromkeys(rows["layer"])) == weighted
    assert len(rows) == len(weighted) * 2 * 10
    assert set(rows["kind"]) == {"unpermuted", "permuted"}
    assert (rows["epoch"] == 3).all()
    assert ((rows["lo"] <= rows["value"]) & (rows["value"] <= rows["hi"])).all()
    clean = small.labels_of(images, noise=0.0)
    assert set(table(model, images, clean)["kind"]) == {"unpermuted"}


def test_permuted_images_count_with_the_labels_they_were_assigned(images, labels):
    model = small.network(images)
    chosen = choose_examples(labels, "permuted").reshape(-1)
    rows = labels.iloc[chosen]
    assert (rows["assigned_label"] != rows["true_label"]).all()
    expected = np.full((len(rows), small.CLASSES), 1 / 4, dtype=np.float32)
    expected[np.arange(len(rows)), rows["true_label"]] = 0
    pixels = images.train_images[chosen]
    label, _ = both_parts(model, images, pixels, np.array(rows["assigned_label"]), expected)
    places = [name.startswith("fc3.") for name, _ in model.named_parameters()]
    squares = [float((g**2).sum()) for g, here in zip(label, places, strict=True) if here]
    found = table(model, images, labels).set_index(["layer", "kind", "part", "metric"])["value"]
    norm = found["fc3", "permuted", "label", "norm"]
    assert norm == pytest.approx(np.sqrt(sum(squares)), rel=1e-5)


def test_gradients_that_are_not_finite_name_the_layer(images, labels):
    model = small.network(images)
    with torch.no_grad():
        model.fc2.linear.weight.fill_(float("inf"))
    with pytest.raises(InputError, match=r"layer conv1_1 .* not finite at epoch 3"):
        table(model, images, labels)


# --- what labels that tell nothing leave: made-up images whose truth is known ---------------------

N_CLASSES, MANY = 8, 120
SIZES = np.full(N_CLASSES, MANY)


@pytest.fixture(scope="module")
def untrained():
    """Patterned images of eight classes and a network at its initialization."""
    random = np.random.default_rng(7)
    patterns = np.kron(random.integers(0, 150, (N_CLASSES, 1, 4, 4)), np.ones((4, 4), int))
    true = np.repeat(np.arange(N_CLASSES), MANY)
    noise = random.integers(0, 106, (len(true), 1, 16, 16))
    pixels = (patterns[true] + noise).astype(np.uint8)
    names = np.array([str(label) for label in range(N_CLASSES)])
    images = ImageSet(pixels, true, pixels[::10], true[::10], names)
    model = build_model(
        {"name": "vgg-small"}, 2, n_classes=N_CLASSES, image_shape=(1, 16, 16), seed=0
    )
    model.to(memory_format=torch.channels_last).eval()
    recalibrate(model, torch.from_numpy(pixels), Normalizer.fit(pixels))
    return images, model


def noisy_labels(images, rule="permute", noise=0.5, seed=3):
    drawn = assign_labels(images.train_labels, rule=rule, noise=noise, seed=seed)
    return label_table(images.train_labels, *drawn)


def ratios(model, images, chosen, labels, expected, n_groups=20):
    """(norm / noise floor)^2 of the label part by layer, for an expectation of the labels."""
    normalizer = Normalizer.fit(images.train_images)
    by_layer, sizes = gradient_products(
        model, list_layers(model), images, labels, normalizer, chosen, expected, count=n_groups
    )
    found = []
    for products in by_layer.values():
        value = {(row["part"], row["metric"]): row["value"] for row in measures(products, sizes)}
        found.append((value["label", "norm"] / value["label", "noise_floor"]) ** 2)
    return np.array(found)


def same_for_every_class(true, n_classes):
    """The paper's formula: every class with probability 1 / C."""
    return np.full((len(true), n_classes), 1 / n_classes, dtype=np.float32)


def test_a_part_of_the_classes_leaves_no_more_than_noise(untrained):
    """Labels drawn at random, three of eight classes kept: with 1/C norm^2 is far above noise^2."""
    images, model = untrained
    found = []
    for seed in range(6):
        labels = noisy_labels(images, rule="uniform", noise=1.0, seed=seed)
        # Every label drawn again, coincidences included: independent of the image.
        labels["kind"] = "unpermuted"
        chosen = choose_examples(labels, "unpermuted")[:3]
        right = null_labels(labels["assigned_label"].to_numpy()[chosen], "unpermuted", SIZES)
        third = right(np.zeros(1, int), N_CLASSES)[0].tolist()
        assert third == pytest.approx([1 / 3] * 3 + [0] * 5)
        found.append(
            [
                ratios(model, images, chosen, labels, expected).mean()
                for expected in (right, same_for_every_class)
            ]
        )
    right, uncorrected = np.mean(found, axis=0)
    assert 0.6 < right < 1.5
    assert uncorrected > 50


def test_labels_that_avoid_the_true_class_tell_nothing_else(untrained):
    """Every image with each wrong label once: the label part is zero. With 1/C it is -1/(C - 1) of
    that of the true labels."""
    images, model = untrained
    numbers = np.arange(0, N_CLASSES * MANY, 12)
    true = images.train_labels[numbers]
    wrong = (true[:, None] + np.arange(1, N_CLASSES)) % N_CLASSES

    def label_part(pixels, assigned, rows):
        part, _ = group_gradient(
            model, list(model.parameters()), pixels, assigned, rows,
            Normalizer.fit(images.train_images),
        )  # fmt: skip
        return torch.cat([values.flatten() for values in part])

    pixels = images.train_images[numbers]
    of_true = label_part(pixels, true, same_for_every_class(true, N_CLASSES))
    pixels = pixels.repeat(N_CLASSES - 1, axis=0)
    repeated, assigned = true.repeat(N_CLASSES - 1), wrong.reshape(-1)
    right = null_labels(assigned, "permuted", SIZES)(repeated, N_CLASSES)
    rows = same_for_every_class(repeated, N_CLASSES)
    assert label_part(pixels, assigned, right).norm() < 1e-5 * of_true.norm()
    torch.testing.assert_close(
        label_part(pixels, assigned, rows), -of_true / (N_CLASSES - 1), rtol=1e-3, atol=1e-6
    )


@pytest.mark.parametrize("rule", ["permute", "uniform"])
def test_labels_of_classes_of_unequal_size(rule):
    """Blind labels, equally many examples with each: on average they are what is expected."""
    true = np.repeat(np.arange(4), [60, 60, 100, 300])
    counts = np.zeros((4, 4))
    for seed in range(60):
        labels = label_table(true, *assign_labels(true, rule=rule, noise=0.5, seed=seed))
        chosen = choose_examples(labels, "permuted", per_class=15, seed=seed).ravel()
        assigned = labels["assigned_label"].to_numpy()[chosen]
        np.add.at(counts, (true[chosen], assigned), 1)
    expected = null_labels(assigned, "permuted", np.bincount(true))(np.arange(4), 4)
    assert np.diag(expected).tolist() == [0.0] * 4
    among = counts.sum(axis=1, keepdims=True)
    found, error = counts / among, np.sqrt(expected * (1 - expected) / among)
    assert (np.abs(found - expected) <= 4 * error).all()
    assert np.abs(found - (1 - np.eye(4)) / 3).max() > 0.1


def test_gradients_of_permuted_and_unpermuted_examples_by_the_table(untrained):
    """At initialization permuted examples are at their noise level, unpermuted far above it."""
    images, model = untrained
    found = [table(model, images, noisy_labels(images, seed=s), epoch=0) for s in range(6)]
    found = pd.concat(found).query("part == 'label' and metric == 'signal'")
    signal = found.groupby("kind")["value"].mean()
    at_50 = np.sqrt(np.maximum(1 + 50 * signal, 0))
    assert 0.7 < at_50["permuted"] < 1.25
    assert at_50["unpermuted"] > 1.8


def test_signal_does_not_depend_on_the_number_of_examples(untrained):
    """Norm over noise floor grows as the square root of m; the signal stays."""
    images, model = untrained
    labels = noisy_labels(images, noise=0.0)
    found = {}
    for size in (15, 120):
        rows = table(model, images, labels, epoch=0, per_class=size)
        rows = rows[rows["part"] == "label"].set_index(["layer", "metric"])["value"].unstack()
        found[size] = rows["norm"] / rows["noise_floor"], rows["signal"]
        np.testing.assert_allclose(found[size][0], np.sqrt(1 + size * rows["signal"]), rtol=1e-6)
    assert (found[120][0] / found[15][0]).mean() > 2
    assert np.median(found[120][1] / found[15][1]) == pytest.approx(1, abs=0.25)


def test_examples_are_equally_many_with_each_label(untrained):
    images, _ = untrained
    labels = noisy_labels(images)
    for kind in ("unpermuted", "permuted"):
        of_kind = labels[labels["kind"] == kind]
        every = choose_examples(labels, kind)
        assert every.shape == (N_CLASSES, of_kind["assigned_label"].value_counts().min())
        assert len(np.unique(every)) == every.size
        rows = labels.iloc[every.reshape(-1)]
        assert (rows["kind"] == kind).all()
        expected = np.repeat(np.arange(N_CLASSES), every.shape[1])
        np.testing.assert_array_equal(rows["assigned_label"], expected)
        np.testing.assert_array_equal(choose_examples(labels, kind, per_class=7), every[:, :7])
        assert (choose_examples(labels, kind, seed=1) != every).any()
    assert choose_examples(noisy_labels(images, noise=0.0), "permuted") is None
    scarce = labels[(labels["kind"] != "permuted") | (labels["assigned_label"] != 3)]
    with pytest.raises(InputError, match="0 permuted images have the label 3"):
        choose_examples(scarce, "permuted")


def test_frozen_parameters_are_left_out(untrained):
    """Layers that training does not change have no gradient; those of the others do not move."""
    images, model = untrained
    labels = noisy_labels(images)
    before = table(model, images, labels, per_class=8)
    frozen = list_layers(model)[1]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in frozen.state)
    try:
        after = table(model, images, labels, per_class=8)
    finally:
        model.requires_grad_(True)
    assert set(before["layer"]) - set(after["layer"]) == {frozen.name}
    kept = before[before["layer"] != frozen.name]
    assert kept["layer"].tolist() == after["layer"].tolist()
    np.testing.assert_allclose(after["value"], kept["value"], rtol=1e-4)


def test_no_symbolic_algebra_and_no_table_library_is_imported():
    program = """
import sys
import numpy as np, torch
import geomem.analysis.rewind
from geomem.analysis.gradients import group_gradient
from geomem.training.batches import Normalizer
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
pixels, labels = np.zeros((2, 1, 2, 2), np.uint8), np.array([0, 1])
expected, normalizer = np.full((2, 3), 1 / 3, np.float32), Normalizer((1.0,), (1.0,))
group_gradient(model, list(model.parameters()), pixels, labels, expected, normalizer)
print({"sympy", "pandas"} & set(sys.modules))
"""
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "set()"


def test_parts_are_those_of_a_gradient_with_a_cotangent(images):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(int(np.prod(images.image_shape)), images.n_classes)
    )
    parameters = list(model.parameters())
    labels = images.train_labels[:8]
    expected = np.full((8, images.n_classes), 1 / images.n_classes, np.float32)
    normalizer = Normalizer.of(images)
    found = group_gradient(model, parameters, images.train_images[:8], labels, expected, normalizer)
    logits = model(normalizer(torch.from_numpy(images.train_images[:8])))
    null = torch.from_numpy(expected)
    onehot = functional.one_hot(torch.from_numpy(labels), images.n_classes).float()
    with torch.no_grad():
        cotangents = (null - onehot) / 8, (logits.softmax(1) - null) / 8
    for part, cotangent in zip(found, cotangents, strict=True):
        wanted = torch.autograd.grad(logits, parameters, cotangent, retain_graph=True)
        assert all(torch.equal(a, b) for a, b in zip(part, wanted, strict=True))
