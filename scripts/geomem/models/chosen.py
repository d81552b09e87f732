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
        By glob; the last one that a layer's name matches counts. It applies to outputs of two
        dimensions (tokens, features) and, mean and max alone, of three (channels, height, width).
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
            ranks = (2, 3) if how in ("none", "mean", "max") else (2,)
            if len(layer.shape) not in ranks:
                if glob == layer.name:
                    raise InputError(
                        f"{key}: {glob!r} has shape {layer.shape}, to which {how!r} does not "
                        "apply; expected (tokens, features), or for mean and max (channels, "
                        "height, width)"
                    )
                continue
            count = layer.shape[0]
            if str(how).isdigit() and int(how) >= count:
                raise InputError(f"{key}: {glob!r} is token {how} of {count}, which count from 0")
            kept = {2: layer.shape[1:], 3: layer.shape[:1]}[len(layer.shape)]
            shape = layer.shape if how == "none" else kept
            found[layer.name] = replace(layer, pooling=str(how), shape=shape)
    return list(found.values())
