"""The layers that a configuration asks to observe: by name, within blocks or not, pooled or not."""

from dataclasses import replace

from geomem.errors import InputError
from geomem.models.inner import layers_for
from geomem.models.layers import select_layers


def analysed_layers(model, spec):
    """The layers that a stage observes.

    Parameters
    ----------
    model : nn.Module
    spec : dict
        `layers`, globs of names, and `pooling`, see `with_pooling`, where there is one.

    Returns
    -------
    chosen, every : list of Layer
        Those that match, and all of the network, as fine as the globs ask.
    """
    pooling = spec.get("pooling", {})
    every = layers_for(model, [*spec["layers"], *pooling])
    return with_pooling(select_layers(every, spec["layers"]), pooling), every


def with_pooling(layers, pooling, key="analysis.pooling"):
    """The layers, observed as a configuration's `analysis.pooling` asks.

    Parameters
    ----------
    layers : sequence of Layer
    pooling : dict of str to str or int
        By glob; the last one that a layer's name matches counts. Mean and max are over all
        dimensions of an output but that of its features, `Layer.channel_axis`; `first`, `last` and
        numbers apply to tokens, (tokens, features), alone. Other outputs stay as they are.
    key : str
        What a message calls it.

    Raises
    ------
    InputError
        If no layer matches a glob, or a pooling does not fit a layer named without wildcards.
    """
    found = {layer.name: layer for layer in layers}
    for glob, how in pooling.items():
        for layer in select_layers(layers, [glob], key):
            if not _applies(how, layer):
                if glob == layer.name:
                    raise InputError(f"{key}: {glob!r} has shape {_misfit(how, layer)}")
                continue
            count = layer.shape[0]
            if str(how).isdigit() and int(how) >= count:
                raise InputError(f"{key}: {glob!r} is token {how} of {count}, which count from 0")
            shape = layer.shape if how == "none" else (layer.shape[layer.channel_axis],)
            found[layer.name] = replace(layer, pooling=str(how), shape=shape)
    return list(found.values())


def _applies(how, layer):
    if how in ("none", "mean", "max"):
        return len(layer.shape) > 1
    return len(layer.shape) == 2 and layer.channel_axis == 1


def _misfit(how, layer):
    """Which shape a pooling does not apply to, and which is expected."""
    expected = "tokens or positions besides features"
    if how not in ("none", "mean", "max"):
        expected = "(tokens, features), as linear maps and attention return"
    order = ", channels first" if len(layer.shape) > 1 and layer.channel_axis == 0 else ""
    return f"{layer.shape}{order}, to which {how!r} does not apply; expected {expected}"
