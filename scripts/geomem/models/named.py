"""Layers that a configuration names and a network does not have."""

from geomem.errors import InputError
from geomem.models.inner import layers_for
from geomem.models.layers import select_layers


def unknown_layers(model, asked):
    """Lines that name each glob that matches no layer, or only layers that cannot be rewound.

    Parameters
    ----------
    model : nn.Module
        Made by `build_model`.
    asked : dict of str to list of str
        Globs of layer names by the key of the configuration they stand in. Keys of the section
        `rewind` ask for layers with weights.

    Yields
    ------
    str
    """
    for key, globs in asked.items():
        layers = layers_for(model, globs)
        weighted = [layer for layer in layers if layer.state or ".rewind." not in f".{key}"]
        for glob in globs:
            try:
                found = select_layers(layers, [glob], key)
            except InputError as error:
                yield str(error)
                continue
            if not any(layer in weighted for layer in found):
                names = ", ".join(layer.name for layer in weighted)
                yield (
                    f"{key}: {glob!r} has no weights to rewind; the layers of this network that "
                    f"have some are {names}"
                )


def require_layers(model, asked):
    """Raise InputError if `unknown_layers` finds any."""
    if unknown := list(unknown_layers(model, asked)):
        raise InputError("\n".join(unknown))
