"""Gradients of several small networks: one by one, by `torch.func.vmap`, by grouped convolutions.

    python benchmarks/several_networks.py

Images for each second of processor, one thread, of three small VGGs on grey 32x32 images. Grouped
convolutions are timed for the convolutional part alone, of one network and of three side by side.
"""

import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from geomem.models import build_model, placed

NETWORKS, CLASSES, SIDE, SECONDS = 3, 60, 32, 2


def network(width, seed):
    """A small VGG in training mode."""
    model = build_model(
        {"name": "vgg-small", "dropout": 0},
        width,
        n_classes=CLASSES,
        image_shape=(1, SIDE, SIDE),
        seed=seed,
    )
    return placed(model, torch.device("cpu")).train()


def convolutions(model, count):
    """The convolutional part of `count` such networks side by side, with weights of its own."""
    layers = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            channels = module.in_channels * count, module.out_channels * count
            kernel = module.kernel_size, module.stride, module.padding
            bias = module.bias is not None
            layers.append(nn.Conv2d(*channels, *kernel, groups=count, bias=bias))
        elif isinstance(module, nn.BatchNorm2d):
            layers.append(nn.BatchNorm2d(module.num_features * count))
        elif isinstance(module, nn.MaxPool2d):
            layers.append(nn.MaxPool2d(module.kernel_size, module.stride))
        elif isinstance(module, nn.ReLU):
            layers.append(nn.ReLU(inplace=True))
        elif isinstance(module, nn.Linear):
            break
    return nn.Sequential(*layers).to(memory_format=torch.channels_last).train()


def rate(call, images):
    """Images for each second of processor."""
    call()
    start, count = time.process_time(), 0
    while time.process_time() - start < SECONDS:
        call()
        count += 1
    return count * images / (time.process_time() - start)


def measure(width, batch):
    """The four rates."""
    models = [network(width, seed) for seed in range(NETWORKS)]
    images = torch.randn(batch, 1, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, CLASSES, (batch,))

    def separate():
        for model in models:
            model.zero_grad(set_to_none=True)
            functional.cross_entropy(model(images), labels).backward()

    def loss(parameters, buffers):
        found = functional_call(models[0], (parameters, buffers), (images,))
        return functional.cross_entropy(found, labels)

    together, state = vmap(grad(loss)), stack_module_state(models)
    parts = {count: convolutions(models[0], count) for count in (1, NETWORKS)}
    inputs = {
        count: torch.randn(batch, count, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
        for count in parts
    }

    def convolve(count):
        parts[count].zero_grad(set_to_none=True)
        parts[count](inputs[count]).square().mean().backward()

    return (
        rate(separate, NETWORKS * batch),
        rate(lambda: together(*state), NETWORKS * batch),
        rate(lambda: convolve(1), batch),
        rate(lambda: convolve(NETWORKS), NETWORKS * batch),
    )


def main():
    """Print a Markdown table."""
    torch.set_num_threads(1)
    print("| width, batch | separate | vmap | convolutions | grouped |\n|---|---|---|---|---|")
    for width, batch in ((4, 64), (8, 64), (8, 128)):
        found = " | ".join(f"{value:,.0f}" for value in measure(width, batch))
        print(f"| {width}, {batch} | {found} |", flush=True)


if __name__ == "__main__":
    main()
