"""Building blocks the networks share.

Every network here is an `nn.Sequential` of marked modules: each child is one layer, observed at
its output (after its ReLU, which is what the next layer sees). A ReLU works in place only on a
tensor made inside its own layer, so an observed output is never changed afterwards.
"""

from collections import OrderedDict

from torch import nn


def mark(module, kind):
    """Declare `module` one layer of this kind: observed at its output, rewound as a whole."""
    module.layer_kind = kind
    return module


def sequence(**modules):
    """`nn.Sequential` with names, in the order given."""
    return nn.Sequential(OrderedDict(modules))


def conv_layer(inputs, outputs, kernel=3, stride=1, padding=1, *, norm=True):
    """Convolution, batch norm (or a bias instead) and ReLU as one layer."""
    modules = {"conv": nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=not norm)}
    if norm:
        modules["norm"] = nn.BatchNorm2d(outputs)
    return mark(sequence(**modules, relu=nn.ReLU(inplace=True)), "conv")


def linear_layer(inputs, outputs, *, dropout, relu):
    """Dropout on the input, a linear map and, except for logits, a ReLU as one layer."""
    modules = {"flatten": nn.Flatten(), "dropout": nn.Dropout(dropout)}
    modules["linear"] = nn.Linear(inputs, outputs)
    if relu:
        modules["relu"] = nn.ReLU(inplace=True)
    return mark(sequence(**modules), "linear")


def max_pool():
    """Maximum over 2 x 2; rounding the size up lets images of any size pass all the pools."""
    return mark(nn.MaxPool2d(2, ceil_mode=True), "pool")


class GlobalAverage(nn.Module):
    """Mean over all positions: (n, C, H, W) to (n, C).

    Written as a mean because the gradient of `nn.AdaptiveAvgPool2d` is not deterministic on GPUs.
    """

    def forward(self, images):
        return images.mean(dim=(2, 3))


def pooled_classifier(channels, n_classes, dropout):
    """Global average and the linear map to the logits as one layer."""
    linear = linear_layer(channels, n_classes, dropout=dropout, relu=False)
    return mark(sequence(average=GlobalAverage(), **dict(linear.named_children())), "linear")
