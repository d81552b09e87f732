"""DenseNet-121 for small images (Huang et al., 2017)."""

import torch
from torch import nn

from geomem.models.parts import GlobalAverage, linear_layer, mark, sequence


class DenseLayer(nn.Module):
    """A 1 x 1 and a 3 x 3 convolution whose `growth` new channels are added to the input's."""

    def __init__(self, inputs, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, images):
        hidden = self.conv1(self.relu(self.norm1(images)))
        return torch.cat([images, self.conv2(self.relu(self.norm2(hidden)))], dim=1)


def densenet121(*, width, n_classes, image_shape, dropout=0.0):
    """Four dense blocks of 6, 12, 24 and 16 dense layers; `width` is the growth rate.

    Each dense block and each transition is one layer, and the batch norm and ReLU before the
    global average belong to the last block. `width=32` is the standard network, with 6.95 million
    parameters for 10 classes.
    """
    channels = 2 * width
    layers = {"conv1": mark(nn.Conv2d(image_shape[0], channels, 3, padding=1, bias=False), "conv")}
    for stage, depth in enumerate((6, 12, 24, 16), start=1):
        dense = {f"dense{i + 1}": DenseLayer(channels + i * width, width) for i in range(depth)}
        channels += depth * width
        norm = {"norm": nn.BatchNorm2d(channels), "relu": nn.ReLU(inplace=True)}
        if stage == 4:
            layers["block4"] = mark(sequence(**dense, **norm), "block")
            break
        layers[f"block{stage}"] = mark(sequence(**dense), "block")
        conv = nn.Conv2d(channels, channels // 2, 1, bias=False)
        pool = nn.AvgPool2d(2, ceil_mode=True)
        layers[f"transition{stage}"] = mark(sequence(**norm, conv=conv, pool=pool), "conv")
        channels //= 2
    return sequence(
        **layers,
        pool=mark(GlobalAverage(), "pool"),
        classifier=linear_layer(channels, n_classes, dropout=dropout, relu=False),
    )
