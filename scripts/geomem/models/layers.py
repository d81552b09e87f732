"""The layers of a network: found by running it once, selected by name, observed with hooks.

A layer is one call of one module. Modules with an attribute `layer_kind` are layers as a whole.
In a network that marks none, convolutions, linear maps, PyTorch's attention and pools are layers,
observed at their own output. The parameters and buffers of every other module (norms, for instance)
belong to the last layer with parameters called before it (the first one, if none was), so every key
of `state_dict` has exactly one layer.
"""

import contextlib
import difflib
from collections import Counter
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

import torch
from torch import nn

from geomem.errors import InputError
from geomem.models.checks import (
    LOGITS,
    all_registered,
    check_names,
    image_places,
    nothing_changed,
    unfit,
)
from geomem.models.kinds import channel_axis, kind_of
from geomem.models.layout import by_image
from geomem.models.pooling import pooled_output

INPUT = "input"


@dataclass(frozen=True)
class Layer:
    """One position of a network.

    Attributes
    ----------
    name : str
        Unique; the module's name, with `:2` and so on for its later calls. `input` is the image.
    index : int
        Position in the order of computation; the input is 0.
    kind : str
        `input`, `conv`, `pool`, `linear`, `attention`, `block` or what the network calls it.
    module : str
        Name of the module at whose output it is observed (empty for the input).
    call : int
        Which call of that module within one pass, from 0.
    shape : tuple of int
        Shape of its output for one image.
    state : tuple of str
        The keys of `state_dict`, parameters and buffers, that belong to it.
    axis, before : int
        Where the images are in its output, see `geomem.models.layout.by_image`.
    pooling : str
        What is kept of it: `none` (everything), `mean` or `max` over its tokens or positions,
        `first`, `last` or the number of a token; `shape` is that of what is kept.
    channel_axis : int
        Which dimension of its output for one image, all of it, its features or channels are in.
    """

    name: str
    index: int
    kind: str
    module: str
    call: int
    shape: tuple[int, ...]
    state: tuple[str, ...]
    axis: int = 0
    before: int = 1
    pooling: str = "none"
    channel_axis: int = 0

    @property
    def features(self):
        """Number of features of its output for one image."""
        return int(torch.Size(self.shape).numel())


def list_layers(model):
    """The layers of a network made by `build_model`, input first, in order of computation."""
    return list(model.layers_found)


def depth_columns(layers):
    """What tables say about the depth of a network, the same in all their rows.

    Parameters
    ----------
    layers : sequence of Layer
        All of the network, analysed or not.

    Returns
    -------
    dict
        `n_layers`, how many layers the network has, the input included (analysed or not), and
        `weighted_layers`, the indices of those with parameters or buffers as text, "1,2,4".
    """
    weighted = ",".join(str(layer.index) for layer in layers if layer.state)
    return {"n_layers": len(layers), "weighted_layers": weighted}


def select_layers(layers, globs, key="layers"):
    """The layers whose name matches at least one glob, in order of computation.

    A name with a slash, of a layer within a block, is matched by globs with a slash alone.

    Parameters
    ----------
    layers : sequence of Layer
    globs : sequence of str
    key : str
        What a message calls the globs.

    Raises
    ------
    InputError
        If a glob matches no layer.
    """
    names = [layer.name for layer in layers]
    for glob in globs:
        if not any(_matches(name, glob) for name in names):
            near = difflib.get_close_matches(glob, names, n=3, cutoff=0.0)
            raise InputError(
                f"{key}: {glob!r} matches no layer of this network; the nearest names are "
                f"{', '.join(near)}. All of them: {', '.join(names)}"
            )
    return [x for x in layers if any(_matches(x.name, glob) for glob in globs)]


def _matches(name, glob):
    return fnmatchcase(name, glob) and ("/" in glob or "/" not in name)


def observe(model, layers, images):
    """What the layers compute for a batch of images, in the model's present mode.

    Parameters
    ----------
    model : nn.Module
    layers : sequence of Layer
    images : Tensor, shape (n, C, H, W)
        Normalized images.

    Returns
    -------
    dict of str to Tensor, shape (n, features)
        By layer name, copied, without gradient. Features are in (C, H, W) order whatever the
        memory format.

    Raises
    ------
    InputError
        If a layer is not called, or computes less than its output for each image.
    """
    wanted = {(layer.module, layer.call): layer for layer in layers if layer.module}
    images = in_format(model, images)
    found = {}

    def keep(name, call, output):
        if layer := wanted.get((name, call)):
            # a copy, for a later in-place ReLU would change the output
            found[layer.name] = _kept(layer, output.detach(), len(images)).flatten(1).clone()

    for layer in layers:
        if layer.kind == INPUT:
            found[layer.name] = _kept(layer, images, len(images)).flatten(1).clone()

    with _calls_seen(model, {name for name, _ in wanted}, end=keep), torch.no_grad():
        model(images)
    for layer in layers:
        if layer.name not in found:
            raise InputError(f"model: layer {layer.name!r} is not called for some images{_PART}")
    return {layer.name: found[layer.name] for layer in layers}


def _kept(layer, output, count):
    """What is kept of a layer's output for `count` images, which come first."""
    sizes = tuple(output.shape)
    parts, rest = divmod(sizes[layer.axis], count) if len(sizes) > layer.axis else (0, 0)
    if parts and not rest and parts % layer.before == 0:
        whole = by_image(output, count, layer.axis, layer.before)
        values = pooled_output(whole, layer.pooling, layer.channel_axis)
        if values.shape[1:] == layer.shape:
            return values
    raise InputError(
        f"model: layer {layer.name!r} returns {sizes} for {count} images, expected {layer.shape} "
        f"for each{_PART}"
    )


_PART = (
    ": what it is called for depends on what the images show, as experts and early exits do. Mark "
    "the module around it, `module.layer_kind = 'block'`"
)


def in_format(model, images):
    """The images as they are, or contiguous for a network that cannot run in channels-last."""
    plain = memory_format(model) == torch.contiguous_format
    return in_layout(images, torch.contiguous_format) if plain else images


def in_layout(images, layout):
    """Images with the strides of a memory format, also where one channel makes both the same."""
    if layout == torch.channels_last:
        return images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    return images.clone(memory_format=torch.contiguous_format)


def memory_format(model):
    """The memory format for a network's weights: channels-last unless `build_model` says other."""
    return getattr(model, "memory_format", torch.channels_last)


def find_layers(model, images):
    """Run a network in evaluation mode on three batches; return its layers and its output.

    Batches of different sizes and orders tell which dimension of each output is the image.
    A call whose output is the same for every batch, of a map of embeddings for instance, is no
    layer; its parameters count as those of a norm do.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode.
    images : Tensor, shape (n, C, H, W)
        As `noise_images` returns them: 0 to n - 2 are one batch.

    Returns
    -------
    list of Layer, and Tensor
        The output for the smaller batch.

    Raises
    ------
    InputError
        If a layer returns something other than one tensor of real numbers, no layer was called,
        an output depends on chance, on the other images of its batch or on earlier batches, the
        images are changed in place, or two layers have one name.
    """
    modules = dict(model.named_modules())
    marked = [name for name, module in modules.items() if hasattr(module, "layer_kind")]
    inside = {name: _enclosing(name, marked) for name in modules}
    kinds = {
        name: kind
        for name, module in modules.items()
        if inside[name] in (None, name) and (kind := kind_of(module))
    }
    if "" in kinds:
        raise InputError(
            f"model: the network itself is a layer ({kinds['']}), so that nothing in it can be "
            "told apart; put it into a module of its own, `torch.nn.Sequential(network)`"
        )
    began = []  # names of modules in the order in which their calls began

    def run(batch, begin=None):
        return called_outputs(model, kinds, set(modules), batch, begin)

    with nothing_changed(model), all_registered(model):
        small = run(images[:-1], began.append)
    if unfit(small[LOGITS]):
        return [], small[LOGITS]
    places = image_places(model, run, small, images)
    layers = [Layer(INPUT, 0, INPUT, "", 0, tuple(images.shape[1:]), ())]
    for (name, call), place in places.items():
        label = name if call == 0 else f"{name}:{call + 1}"
        shape = tuple(by_image(small[name, call], len(images) - 1, *place).shape[1:])
        layer = Layer(label, len(layers), kinds[name], name, call, shape, (), *place)
        features = channel_axis(modules[name], layer.kind, shape, layers)
        layers.append(replace(layer, channel_axis=features))
    check_names([layer.name for layer in layers])
    owners = _owners(model, layers, inside, began)
    layers = [replace(layer, state=tuple(owners.get(layer.name, ()))) for layer in layers]
    return layers, small[LOGITS]


def called_outputs(model, kinds, names, images, begin=None):
    """What each call of a layer returns, by (module, call), and under `LOGITS` the network."""
    found = {}

    def note(name, call, output):
        if name not in kinds:
            return
        if fault := unfit(output):
            raise InputError(
                f"model: layer {name!r} returns {fault}, expected one tensor of real numbers; "
                "mark the module around it, `module.layer_kind = 'block'`"
            )
        found[name, call] = output.clone()  # a later in-place ReLU would change it

    given = images.clone()
    with _calls_seen(model, names, begin, note), torch.no_grad():
        logits = model(images)
    if not torch.equal(given, images):
        raise InputError(
            "model: the network changes the images that it is given in place; let its first "
            "operation make new ones (`x = 2 * x` for `x *= 2`, no `inplace=True`)"
        )
    found[LOGITS] = logits.clone() if isinstance(logits, torch.Tensor) else logits
    return found


def first_calls(layers):
    """By module the layer of its first call that is one: in an earlier call may be no image."""
    found = {}
    for layer in layers:
        found.setdefault(layer.module, layer)
    return found


def _enclosing(name, marked):
    """The outermost marked module that is `name` or contains it, or None."""
    around = [m for m in marked if m in ("", name) or name.startswith(f"{m}.")]
    return min(around, key=len, default=None)


def _owners(model, layers, inside, began):
    """Layer name -> its keys of `state_dict`.

    A module or tensor that has several names belongs, under all of them, to one layer: that of the
    first name.
    """
    first_name = {}  # of a module, whatever name it is found by
    called = {}  # its name under every name
    for name, module in model.named_modules(remove_duplicate=False):
        called[name] = first_name.setdefault(module, name)
    direct = {module: [] for module in inside}
    for key in model.state_dict():
        direct[called[key.rpartition(".")[0]]].append(key)
    first_call = {module: layer.name for module, layer in first_calls(layers).items() if module}
    home = {}  # module -> name of the layer that owns what is directly in it
    for module, enclosing in inside.items():
        around = module if enclosing is None else enclosing
        while around and around not in first_call:  # what a layer consists of, parametrizations say
            around = around.rpartition(".")[0]
        if around in first_call:
            home[module] = first_call[around]
    able = [m for m in first_call if any(direct[k] for k in inside if home.get(k) == first_call[m])]
    if not able:
        raise InputError(
            "model: no convolution, linear map or marked module with parameters was called; mark "
            "the modules to be analysed, `module.layer_kind = 'block'`"
        )
    for order in (began, list(inside)):  # what never ran goes by the order of definition
        current = first_call[able[0]]
        for module in order:
            if module in able:
                current = first_call[module]
            home.setdefault(module, current)
    owner = {key: home[module] for module, keys in direct.items() for key in keys}
    owned = {}
    for names in tied(model):
        first = min((owner[name] for name in names), key=[x.name for x in layers].index)
        owner |= dict.fromkeys(names, first)
    for key in model.state_dict():
        owned.setdefault(owner[key], []).append(key)
    return owned


def tied(model):
    """Lists of keys of `state_dict` that name the same memory, of two or more each."""
    by_memory = {}
    for key, value in model.state_dict().items():
        if isinstance(value, torch.Tensor) and value.numel():
            place = value.untyped_storage().data_ptr()
            by_memory.setdefault((str(value.device), place), []).append(key)
    return [keys for keys in by_memory.values() if len(keys) > 1]


@contextlib.contextmanager
def _calls_seen(model, names, begin=None, end=None):
    """Within the block, call `begin(name)` before and `end(name, call, output)` after each call.

    Only calls of the modules named count; `call` numbers those of one module from 0.
    """
    counts = Counter()

    def before(name, module, inputs):
        begin(name)

    def after(name, module, inputs, output):
        counts[name] += 1
        if isinstance(module, nn.MultiheadAttention):
            output, _ = output  # the weights of the attention are the other one
        end(name, counts[name] - 1, output)

    handles = []
    for name, module in model.named_modules():
        if name in names:
            handles.append(module.register_forward_hook(partial(after, name)))
            if begin:
                handles.append(module.register_forward_pre_hook(partial(before, name)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
