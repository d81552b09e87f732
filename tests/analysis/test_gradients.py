"""The gradient split against per-example autograd, the closed form, and statistics of noise."""

import numpy as np
import pandas as pd
import pytest
import torch
from geomem.analysis import gradients as module
from geomem.analysis.gradients import deal, group_gradient, measures, n_groups, split_gradients
from geomem.analysis.networks import probe_kind
from geomem.data.image_sets import ImageSet
from geomem.errors import InputError
from geomem.models import list_layers
from geomem.training.batches import Normalizer
from torch.nn import functional

from tests.analysis import small


@pytest.fixture(scope="module")
def images():
    return small.image_set()


@pytest.fixture(scope="module")
def probe(images):
    return small.probe_of(images, small.labels_of(images))


def inputs_of(images, pixels):
    return Normalizer.fit(images.train_images)(torch.from_numpy(pixels))


def both_parts(model, images, pixels, labels):
    parameters = list(model.parameters())
    normalizer = Normalizer.fit(images.train_images)
    return group_gradient(model, parameters, pixels, labels, normalizer)


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
    probe = small.probe_of(images, small.labels_of(images, noise=0.0), per_class=20)
    found = table(model, images, probe)
    found = found[(found["layer"] == "fc3") & (found["part"] == "label")].set_index("metric")
    pixels, _, _ = probe_kind(probe, images, "unpermuted")
    with torch.no_grad():
        flat = inputs_of(images, pixels.reshape(-1, *images.image_shape))
        hidden = model[:-1](flat).reshape(small.CLASSES, 20, -1).double()
    bias = torch.ones_like(hidden[..., :1])  # the bias sees a constant feature
    features = torch.cat([hidden, bias], dim=2)
    rows = (features - features.mean(0)) / small.CLASSES
    variance = float(rows.var(dim=1).sum()) / 20
    assert found.loc["noise_floor", "value"] == pytest.approx(np.sqrt(variance), rel=1e-3)


def table(model, images, probe, epoch=3):
    normalizer = Normalizer.fit(images.train_images)
    rows = split_gradients(model, list_layers(model), images, probe, normalizer, epoch=epoch)
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
        probe = small.probe_of(images, small.labels_of(images, noise=0.0), per_class=20)
        rows = table(small.network(patterned), images, probe)
        rows = rows[rows["part"] == "label"]
        value = rows.pivot_table(values="value", index="layer", columns="metric")
        ratios.append((value["norm"] / value["noise_floor"]) ** 2)
    assert 0.6 < ratios[0].mean() < 1.6
    assert (ratios[1] > 10).all()


def test_measures_are_those_of_the_vectors():
    random = np.random.default_rng(0)
    n, size = 6, 40
    weights = np.array([2, 2, 2, 2, 1, 1]) / 10
    parts = random.normal(size=(2, n, size)) + np.array([1.0, -0.5])[:, None, None]
    products = np.einsum("aif,bjf->aibj", parts, parts)
    rows = {(row["part"], row["metric"]): row for row in measures(products, weights)}
    vectors = {"label": parts[0], "independent": parts[1], "total": parts.sum(0)}
    mean = {name: weights @ x for name, x in vectors.items()}
    for name, x in vectors.items():
        assert rows[name, "norm"]["value"] == pytest.approx(np.linalg.norm(mean[name]))
        floor = np.sqrt(weights @ ((x - mean[name]) ** 2).sum(1) / (n - 1))
        assert rows[name, "noise_floor"]["value"] == pytest.approx(floor)
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
        rows = measures(np.einsum("aif,bjf->aibj", parts, parts), np.full(10, 0.1))
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


def test_table_has_every_layer_with_parameters_and_kind(images, probe):
    model = small.network(images)
    rows = table(model, images, probe)
    weighted = [layer.name for layer in list_layers(model) if layer.state]
    assert list(dict.fromkeys(rows["layer"])) == weighted
    assert len(rows) == len(weighted) * 2 * 7
    assert set(rows["kind"]) == {"unpermuted", "permuted"}
    assert (rows["epoch"] == 3).all()
    assert ((rows["lo"] <= rows["value"]) & (rows["value"] <= rows["hi"])).all()
    clean = small.probe_of(images, small.labels_of(images, noise=0.0))
    assert set(table(model, images, clean)["kind"]) == {"unpermuted"}


def test_permuted_images_count_with_the_labels_they_were_assigned(images, probe):
    model = small.network(images)
    rows = probe[probe["kind"] == "permuted"]
    assert (rows["assigned_label"] != rows["true_label"]).all()
    pixels = images.train_images[rows["index"]]
    label, _ = both_parts(model, images, pixels, np.array(rows["assigned_label"]))
    places = [name.startswith("fc3.") for name, _ in model.named_parameters()]
    squares = [float((g**2).sum()) for g, here in zip(label, places, strict=True) if here]
    found = table(model, images, probe).set_index(["layer", "kind", "part", "metric"])["value"]
    norm = found["fc3", "permuted", "label", "norm"]
    assert norm == pytest.approx(np.sqrt(sum(squares)), rel=1e-5)


def test_gradients_that_are_not_finite_name_the_layer(images, probe):
    model = small.network(images)
    with torch.no_grad():
        model.fc2.linear.weight.fill_(float("inf"))
    with pytest.raises(InputError, match=r"layer conv1_1 .* not finite at epoch 3"):
        table(model, images, probe)


def test_frozen_parameters_are_left_out(images):
    """Layers that training does not change have no gradient; those of the others do not move."""
    probe = small.probe_of(images, small.labels_of(images))
    normalizer = Normalizer.fit(images.train_images)
    model = small.network(images)
    layers = list_layers(model)
    before = split_gradients(model, layers, images, probe, normalizer, epoch=1)
    frozen = layers[1]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in frozen.state)
    after = split_gradients(model, layers, images, probe, normalizer, epoch=1)
    assert {row["layer"] for row in before} - {row["layer"] for row in after} == {frozen.name}
    kept = [row for row in before if row["layer"] != frozen.name]
    assert [row["layer"] for row in kept] == [row["layer"] for row in after]
    np.testing.assert_allclose(
        [row["value"] for row in after], [row["value"] for row in kept], rtol=1e-5
    )
