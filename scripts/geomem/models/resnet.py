"""ResNet-18 for small images (He et al., 2016), with the widths of Nakkiran et al. (2019)."""

from torch import nn

from geomem.models.parts import GlobalAverage, conv_layer, linear_layer, mark, sequence


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, added to the input (projected where sizes differ)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = sequence(
                conv=nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                norm=nn.BatchNorm2d(outputs),
            )

    def forward(self, images):
        hidden = self.relu(self.norm1(self.conv1(images)))
        return self.relu(self.norm2(self.conv2(hidden)) + self.shortcut(images))


def resnet18(*, width, n_classes, image_shape, dropout=0.0):
    """A 3 x 3 stem, eight residual blocks, each one layer, global average and a linear layer.

    The four stages have 1, 2, 4 and 8 times `width` channels; `width=64` is the standard network,
    with 11.17 million parameters for 10 classes.
    """
    layers = {"conv1": conv_layer(image_shape[0], width)}
    channels = width
    for stage in range(1, 5):
        outputs = width * 2 ** (stage - 1)
        for position in (1, 2):
            stride = 2 if stage > 1 and position == 1 else 1
            block = ResidualBlock(channels, outputs, stride)
            layers[f"block{stage}_{position}"] = mark(block, "block")
            channels = outputs
    return sequence(
        **layers,
        pool=mark(GlobalAverage(), "pool"),
        classifier=linear_layer(channels, n_classes, dropout=dropout, relu=False),
    )
