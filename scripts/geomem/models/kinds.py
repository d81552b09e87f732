"""What kind of layer a module is, and which dimension of its output the features are in."""

from torch import nn

_LINEAR, _ATTENTION = (nn.Linear,), (nn.MultiheadAttention,)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d)
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.LPPool2d)
_ADAPTIVE_POOLS = (nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d)
_KINDS = {
    "conv": _CONVOLUTIONS,
    "linear": _LINEAR,
    "attention": _ATTENTION,
    "pool": _POOLS + _ADAPTIVE_POOLS,
}
_SLIDING = ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool")
_SPATIAL = {  # convolutions and pools over so many dimensions
    1: (*(getattr(nn, f"{name}1d") for name in _SLIDING), nn.LPPool1d),
    2: (*(getattr(nn, f"{name}2d") for name in _SLIDING), nn.LPPool2d),
    3: tuple(getattr(nn, f"{name}3d") for name in _SLIDING),
}


def kind_of(module):
    """What a module is marked as, else `kind_of_type`."""
    return module.layer_kind if hasattr(module, "layer_kind") else kind_of_type(module)


def kind_of_type(module):
    """`conv`, `linear`, `attention` or `pool`; None for other modules."""
    return next((kind for kind, types in _KINDS.items() if isinstance(module, types)), None)


def channel_axis(module, kind, shape, before):
    """Which dimension of a layer's output for one image its features (channels) are in.

    Convolutions and pools have their channels in front of the dimensions that they slide over, and
    so have modules around one that slides over all dimensions of the output but one. Of all others
    that hold a convolution, a linear map or attention, the features are last. What holds none of
    these (an activation, a sum) keeps the order of the last layer before it whose output has as
    many dimensions.

    Parameters
    ----------
    module : nn.Module
    kind : str
        As `kind_of` says.
    shape : tuple of int
        Of its output for one image.
    before : sequence of Layer
        What the network computes before, the input included.

    Returns
    -------
    int
    """
    last = len(shape) - 1
    own = _spatial_dimensions(module)
    if 0 < own <= last:
        return last - own  # not 0 where windows of one image are folded into the batch
    inside = list(module.modules())
    if any(_spatial_dimensions(each) == last for each in inside):
        return 0
    mixing = _LINEAR + _ATTENTION + _CONVOLUTIONS
    if kind in ("linear", "attention") or any(isinstance(each, mixing) for each in inside):
        return last
    alike = [layer.channel_axis for layer in before if len(layer.shape) == len(shape)]
    if alike:
        return alike[-1]
    return 0 if kind == "pool" else last


def _spatial_dimensions(module):
    """How many dimensions a convolution or pool slides over; 0 for other modules."""
    return next((n for n, types in _SPATIAL.items() if isinstance(module, types)), 0)
