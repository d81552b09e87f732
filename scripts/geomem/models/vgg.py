"""VGG networks with batch norm for small images (Simonyan and Zisserman, 2015)."""

import math

from torch import nn

from geomem.models.parts import (
    conv_layer,
    linear_layer,
    mark,
    max_pool,
    pooled_classifier,
    sequence,
)


def vgg16(*, width, n_classes, image_shape, dropout=0.0):
    """VGG16 in its CIFAR form: 13 convolutions, 5 pools and one linear layer.

    Channels are 1, 2, 4, 8 and 8 times `width`; `width=64` is the standard network, with 14.7
    million parameters. Images larger than 32 x 32 are averaged over what pool5 leaves.
    """
    layers, channels = _convolutions(
        image_shape[0], [(width, 2), (2 * width, 2), (4 * width, 3), (8 * width, 3), (8 * width, 3)]
    )
    return sequence(**layers, classifier=pooled_classifier(channels, n_classes, dropout))


def vgg_small(*, width, n_classes, image_shape, dropout=0.0):
    """Six convolutions (`width`, 2 and 4 times that), three pools and three linear layers.

    The hidden linear layers have 16 times `width` units. Images larger than 32 x 32 are averaged
    down, by a whole factor, to at most 4 x 4 positions before the first of them.
    """
    layers, channels = _convolutions(image_shape[0], [(width, 2), (2 * width, 2), (4 * width, 2)])
    sizes = [math.ceil(size / 8) for size in image_shape[1:]]
    factors = tuple(math.ceil(size / 4) for size in sizes)
    positions = math.prod(
        math.ceil(size / factor) for size, factor in zip(sizes, factors, strict=True)
    )
    first = linear_layer(channels * positions, 16 * width, dropout=dropout, relu=True)
    if max(factors) > 1:
        average = nn.AvgPool2d(factors, ceil_mode=True)
        first = mark(sequence(average=average, **dict(first.named_children())), "linear")
    return sequence(
        **layers,
        fc1=first,
        fc2=linear_layer(16 * width, 16 * width, dropout=dropout, relu=True),
        fc3=linear_layer(16 * width, n_classes, dropout=dropout, relu=False),
    )


def _convolutions(channels, stages):
    """Layers by name for stages of (channels, number of convolutions), each ended by a pool."""
    layers = {}
    for stage, (outputs, count) in enumerate(stages, start=1):
        for position in range(1, count + 1):
            layers[f"conv{stage}_{position}"] = conv_layer(channels, outputs)
            channels = outputs
        layers[f"pool{stage}"] = max_pool()
    return layers, channels
