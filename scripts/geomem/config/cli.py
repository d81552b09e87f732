"""`geomem check [CONFIG ...] [--configfile OVERLAY ...]`."""

import functools
import re
from pathlib import Path

import yaml

from geomem import commands
from geomem.config.check import check, refuse
from geomem.config.experiments import merged, resolve, runs, selected
from geomem.config.named_layers import layer_problems
from geomem.config.on_disk import image_problems
from geomem.errors import InputError

_MAIN = "config.yaml"


def main(argv=None):
    """Say everything that is wrong with a configuration, or how many networks it has.

    Files after --configfile lie over config.yaml, as with geomem run.
    """
    parser = commands.parser("check", main.__doc__)
    parser.add_argument(
        "config", type=Path, nargs="?", default=Path(_MAIN), help=f"default: {_MAIN}"
    )
    parser.add_argument("overlays", type=Path, nargs="*", help="files laid over it, in order")
    parser.add_argument(
        "--configfile",
        type=Path,
        nargs="+",
        default=[],
        help="the same, without naming config.yaml",
    )
    args = parser.parse_args(argv)
    overlays = [*args.overlays, *args.configfile]
    config = combined([args.config, *overlays])
    try:
        check(config)
    except InputError as error:
        if overlays or args.config.name == _MAIN or not Path(_MAIN).is_file():
            raise
        hint = f"If {args.config} lies over {_MAIN}: geomem check --configfile {args.config}"
        raise InputError(f"{error}\n{hint}") from error
    experiments = {name: resolve(config, name) for name in selected(config)}
    refuse(
        [
            f"experiments.{name}.{problem}"
            for name, experiment in experiments.items()
            for problem in image_problems(experiment)
        ]
    )
    unknown, left = layer_problems(experiments)
    refuse(unknown)
    for name, experiment in experiments.items():
        count = len(runs(experiment))
        what = "recording" if experiment.get("activations") else "network"
        print(f"{name}: {count} {what}{'' if count == 1 else 's'}")
        if name in left:
            print(f"  names of layers were not looked up: {left[name]}")
    return 0


class _Loader(yaml.SafeLoader):
    """Loads plain data, and nothing that YAML reads in a way that nobody expects.

    Of a key that stands twice it takes the last, 010 is octal (8) and 1:30 counts in sixties (90).
    """

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for i, key in enumerate(keys):
            if key in keys[:i]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} stands there twice", node.value[i][0].start_mark
                )
        return super().construct_mapping(node, deep)

    def _number(self, node):
        kind = node.tag.rpartition(":")[2]
        value = getattr(self, f"construct_yaml_{kind}")(node)
        if ":" in node.value or (kind == "int" and _LEADING_ZERO.match(node.value)):
            raise yaml.constructor.ConstructorError(
                None, None, f"YAML reads {node.value} as {value}; write the number that you mean, "
                "or put it in quotes", node.start_mark,
            )  # fmt: skip
        return value


_LEADING_ZERO = re.compile(r"[-+]?0[0-7_]+$")
for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader._number)


_LAYOUT = (
    "Keys of one section begin in one column, after spaces (no tabs); a colon and a space stand "
    "between a key and its value. Look at the line named here and at the one before it."
)


def read(path):
    """Read one YAML file as a dict; a file that is no such thing is an InputError."""
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file, _Loader)  # safe: of SafeLoader
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        layout = isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError)
        hint = f"\n{_LAYOUT}" if layout else ""
        raise InputError(f"{path} is not YAML: {error}{hint}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a section of keys, such as `experiments:`")
    return content


def plain(value):
    """A value whose numbers are still text, read as it would be in a YAML file."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        return yaml.load(value, _Loader)  # safe: of SafeLoader
    except (yaml.YAMLError, ValueError):  # such as a date that there is not
        return value


def combined(paths):
    """The configuration in these files, each laid over those before it as `merged` does it."""
    return functools.reduce(merged, map(read, paths), {})
