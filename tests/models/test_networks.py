"""Sizes of the networks against published counts, and the layers they show."""

import math

import pytest
import torch
from geomem.models import build_model, list_layers, observe, select_layers


def network(name, width, n_classes=10, image_shape=(3, 32, 32), seed=0, **options):
    spec = {"name": name, **options}
    return build_model(spec, width, n_classes=n_classes, image_shape=image_shape, seed=seed)


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "width", "n_classes", "published"),
    [
        ("vgg16", 64, 10, 14_724_042),  # 14.73 M with a bias before each norm, which has none here
        ("resnet18", 64, 10, 11_173_962),  # 11.17 M
        ("densenet121", 32, 10, 6_956_298),  # 6.96 M
        ("alexnet", 64, 10, 2_472_266),  # 2.47 M
    ],
)
def test_standard_width_has_the_published_number_of_parameters(name, width, n_classes, published):
    assert count(network(name, width, n_classes)) == published


@pytest.mark.parametrize(("width", "power"), [(4, 4.68), (64, 7.05)])
def test_resnet_sizes_of_the_width_sweep(width, power):
    assert math.log10(count(network("resnet18", width, 100))) == pytest.approx(power, abs=0.005)


def test_vgg16_has_the_twenty_positions_of_the_paper():
    layers = list_layers(network("vgg16", 1))
    names = [layer.name for layer in layers]
    assert len(names) == 20
    assert names[:4] == ["input", "conv1_1", "conv1_2", "pool1"]
    assert names[-3:] == ["conv5_3", "pool5", "classifier"]
    assert [layer.index for layer in layers] == list(range(20))


def test_vgg_small_names():
    names = " ".join(layer.name for layer in list_layers(network("vgg-small", 1)))
    assert names == (
        "input conv1_1 conv1_2 pool1 conv2_1 conv2_2 pool2 conv3_1 conv3_2 pool3 fc1 fc2 fc3"
    )


SMALL = [("vgg-small", 2), ("vgg16", 1), ("resnet18", 1), ("alexnet", 2), ("densenet121", 1)]


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 32, 32), (3, 64, 64), (1, 28, 28), (3, 48, 40)])
@pytest.mark.parametrize(("name", "width"), SMALL)
def test_any_sensible_image_shape_gives_logits(name, width, shape):
    model = network(name, width, 7, shape, dropout=0.5)
    assert model.training
    assert model(torch.randn(2, *shape)).shape == (2, 7)


@pytest.mark.parametrize(("name", "width"), SMALL)
def test_every_key_belongs_to_one_layer(name, width):
    model = network(name, width)
    owned = [key for layer in list_layers(model) for key in layer.state]
    assert sorted(owned) == sorted(model.state_dict())
    assert all(not layer.state for layer in list_layers(model) if layer.kind in ("input", "pool"))


@pytest.mark.parametrize(("name", "width"), SMALL)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_observed_output_is_what_the_next_layer_sees(name, width, memory_format):
    model = network(name, width).eval().to(memory_format=memory_format)
    images = torch.randn(3, 3, 32, 32).contiguous(memory_format=memory_format)
    layers = list_layers(model)
    seen = observe(model, layers, images)
    value = images
    assert torch.equal(seen["input"], images.flatten(1))
    with torch.no_grad():
        for layer, child in zip(layers[1:], model.children(), strict=True):
            value = child(value)
            assert value.shape[1:] == layer.shape
            assert torch.equal(seen[layer.name], value.flatten(1)), layer.name
    assert [x.shape[1] for x in seen.values()] == [layer.features for layer in layers]


def test_hooks_are_removed():
    model = network("vgg-small", 1)
    observe(model, list_layers(model), torch.randn(1, 3, 32, 32))
    assert not any(module._forward_hooks for module in model.modules())


def test_initialization_depends_on_the_seed_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = network("vgg-small", 2, seed=3).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    again = network("vgg-small", 2, seed=3).state_dict()
    other = network("vgg-small", 2, seed=4).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["fc3.linear.weight"], other["fc3.linear.weight"])


def test_select_layers_keeps_the_order_of_computation():
    layers = list_layers(network("vgg-small", 1))
    chosen = select_layers(layers, ["fc*", "conv1_?", "input", "fc3"])
    assert [x.name for x in chosen] == ["input", "conv1_1", "conv1_2", "fc1", "fc2", "fc3"]
