"""List the layers of a network: the names to use in `analysis.layers` and `rewind.sets`.

The network is then trained for two steps on images of noise, so that what would stop a training
shows here.
"""

import argparse
import json

from geomem import commands
from geomem.errors import InputError

_SHAPE = (3, 32, 32)
_RECIPE = {"epochs": 1, "batch_size": 4, "optimizer": {"name": "sgd", "lr": 0.01}}


def layer_table(model_spec, width, n_classes, image_shape, inside=False):
    """One row per layer of a network; with `inside` also those within blocks.

    Returns
    -------
    list of dict
        `index`, `name`, `kind`, `shape` (of the output for one image), `features` (their number)
        and `parameters` (those that belong to the layer; batch-norm statistics not counted).
    """
    from geomem.models.build import build_model
    from geomem.models.inner import inner_layers
    from geomem.models.layers import list_layers

    model = build_model(model_spec, width, n_classes=n_classes, image_shape=image_shape, seed=0)
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    return [
        {
            "index": layer.index,
            "name": layer.name,
            "kind": layer.kind,
            "shape": layer.shape,
            "features": layer.features,
            "parameters": sum(sizes.get(key, 0) for key in layer.state),
        }
        for layer in (inner_layers if inside else list_layers)(model)
    ]


def main(argv=None):
    """Print the layer table of the network asked for."""
    parser = commands.parser("layers", __doc__)
    parser.add_argument("--model", default="vgg-small", help="name, or package.module:function")
    parser.add_argument("--width", type=int, default=8, help="base width (8)")
    parser.add_argument("--classes", type=int, default=100, help="number of classes (100)")
    parser.add_argument(
        "--image-shape",
        type=int,
        nargs=3,
        metavar=("CHANNELS", "HEIGHT", "WIDTH"),
        help=f"of one image ({' '.join(map(str, _SHAPE))})",
    )
    parser.add_argument("--options", type=_object, default={}, help="other options, as JSON")
    parser.add_argument("--inside", action="store_true", help="also the layers within blocks")
    arguments = parser.parse_args(argv)
    spec = {**arguments.options, "name": arguments.model}
    from geomem.training.device import choose_device
    from geomem.training.recipe import Recipe
    from geomem.training.rehearsal import rehearse

    recipe = Recipe.read(_RECIPE)
    shape = tuple(arguments.image_shape or _SHAPE)
    try:
        rows = layer_table(spec, arguments.width, arguments.classes, shape, arguments.inside)
    except InputError as error:
        if arguments.image_shape:
            raise
        raise InputError(f"{error}. Other images than {shape}: --image-shape 1 28 28") from error
    size = max(len(row["name"]) for row in rows)
    word = max(7, *(len(row["kind"]) for row in rows))
    print(
        f"index  {'layer':{size}}  {'kind':{word}} {'shape':16} {'features':>9} {'parameters':>11}"
    )
    for row in rows:
        sizes = " x ".join(map(str, row["shape"]))
        print(
            f"{row['index']:5}  {row['name']:{size}}  {row['kind']:{word}} {sizes:16} "
            f"{row['features']:9,} {row['parameters']:11,}"
        )
    print(f"{sum(row['parameters'] for row in rows):,} parameters")
    rehearse(
        spec, arguments.width, recipe, n_classes=arguments.classes, image_shape=shape,
        device=choose_device(),
    )  # fmt: skip


def _object(text):
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        example = '{"dropout": 0.2}'
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object, such as '{example}'")
    return value
