"""Layers within layers: the convolutions and linear maps inside a block that is one layer.

A marked module (a residual block, for instance) is one layer. Asked for by a name with a slash,
`block1_1/conv1`, the layers of a network are finer: each convolution, linear map and attention of a
block with at least two is a layer, and the block itself, observed at its output, comes after them
and has no weights of its own. A block's norms, activations and embeddings belong to the last layer
within it that was called before, or to the first. So does a norm that follows the block.
"""

from dataclasses import replace

import torch

from geomem.models.checks import LOGITS, image_places, noise_images
from geomem.models.kinds import channel_axis, kind_of_type
from geomem.models.layers import (
    INPUT,
    Layer,
    called_outputs,
    first_calls,
    in_format,
    list_layers,
    tied,
)
from geomem.models.layout import by_image


def layers_for(model, globs):
    """The layers of a network, with those within blocks if one of these names has a slash.

    Parameters
    ----------
    model : nn.Module
        Made by `build_model`.
    globs : iterable of str

    Returns
    -------
    list of Layer
    """
    return inner_layers(model) if any("/" in glob for glob in globs) else list_layers(model)


def inner_layers(model):
    """All layers of a network, those within blocks before their block.

    The network is run once more on a few images of noise, the first time; its mode, weights and
    buffers stay as they are.
    """
    if not hasattr(model, "inner_layers_found"):
        opened = _opened(model)
        found = _found(model, opened) if opened else list_layers(model)
        model.inner_layers_found = tuple(found)
    return list(model.inner_layers_found)


def _opened(model):
    """Blocks that are opened: names of the modules within that become layers, by the block's."""
    opened = {}
    for layer in list_layers(model):
        if layer.kind == INPUT or layer.module in opened:
            continue
        within = [
            f"{layer.module}.{name}" if layer.module else name
            for name in _parts(model.get_submodule(layer.module))
        ]
        if len(within) > 1:
            opened[layer.module] = within
    return opened


def _parts(block):
    """Names of what becomes a layer within a block; what attention consists of does not."""
    kinds = {name: kind_of_type(module) for name, module in block.named_modules() if name}
    attention = tuple(f"{name}." for name, kind in kinds.items() if kind == "attention")
    return [
        name
        for name, kind in kinds.items()
        if kind in ("conv", "linear", "attention") and not name.startswith(attention)
    ]


def _found(model, opened):
    coarse = list_layers(model)
    place = next(model.parameters()).device
    generator = torch.Generator().manual_seed(0)
    images = in_format(model, noise_images(coarse[0].shape, generator).to(place))
    kinds = {layer.module: layer.kind for layer in coarse if layer.module}
    block_of = {name: block for block, within in opened.items() for name in within}
    kinds |= {name: kind_of_type(model.get_submodule(name)) for name in block_of}
    began = []

    def run(batch, begin=None):
        return called_outputs(model, kinds, set(dict(model.named_modules())), batch, begin)

    training = model.training
    model.eval()
    try:
        with torch.random.fork_rng(devices=[]):
            small = run(images[:-1], began.append)
            places = image_places(model, run, small, images)
    finally:
        model.train(training)
    places.pop(LOGITS, None)
    known = {(layer.module, layer.call): layer for layer in coarse}
    layers = [coarse[0]]
    for (name, call), where in places.items():
        if name in block_of:
            shape = tuple(by_image(small[name, call], len(images) - 1, *where).shape[1:])
            label = f"{block_of[name]}/{name.removeprefix(block_of[name] + '.')}"
            label += f":{call + 1}" if call else ""
            layer = Layer(label, 0, kinds[name], name, call, shape, (), *where)
            features = channel_axis(model.get_submodule(name), layer.kind, shape, layers)
            layers.append(replace(layer, channel_axis=features))
        else:
            layers.append(known[name, call])
    first = first_calls(coarse)
    owners = {block: _owners(model, first[block], opened[block], began) for block in opened}
    states = {name: keys for of_block in owners.values() for name, keys in of_block.items()}
    states |= {block: () for block in opened}
    of_layer = {
        layer.name: states[module]
        for module, layer in first_calls(layers).items()
        if module in states
    }
    return [
        replace(layer, index=index, state=of_layer.get(layer.name, layer.state))
        for index, layer in enumerate(layers)
    ]


def _owners(model, block, within, began):
    """Keys of a block by the module within it that they belong to."""
    inside = {
        f"{block.module}.{name}" if name else block.module
        for name, _ in model.get_submodule(block.module).named_modules(remove_duplicate=False)
    }
    called = [name for name in began if name in inside]
    first = next(name for name in called if name in within)
    home, current = {}, first
    for name in called:
        current = name if name in within else current
        home.setdefault(name, current)
    keys = {name: [] for name in within}
    outside = []  # keys of modules that come after the block, or share weights with what is in it
    for key in block.state:
        module = key.rpartition(".")[0]
        if module not in inside:
            outside.append(key)
            continue
        while module in inside and module not in home:  # never ran, as the parts of attention
            module = module.rpartition(".")[0]
        keys[home.get(module, first)].append(key)
    owner = {key: name for name, of_layer in keys.items() for key in of_layer}
    alike = tied(model) if outside else ()
    for key in outside:
        shared = [other for names in alike if key in names for other in names]
        owned = next((owner[other] for other in shared if other in owner), current)
        keys[owned].append(key)
    return {name: tuple(of_layer) for name, of_layer in keys.items()}
