"""`geomem COMMAND`, also `python -m geomem COMMAND`."""

import importlib.util
import sys

from geomem import __version__
from geomem.commands import COMMANDS, overview
from geomem.errors import InputError
from geomem.extras import how_to_install
from geomem.process import run


def main(argv=None):
    """Run the command named first; without one, or for --help, list the commands."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["--version"]:
        print(f"geomem {__version__}")
        return 0
    if argv[:1] in (["-h"], ["--help"]):
        print(overview())
        return 0
    if not argv or argv[0] not in COMMANDS:
        if argv:
            print(f"error: no command is called {argv[0]!r}", file=sys.stderr)
        print(overview(), file=sys.stderr)
        return 2
    module, _, function = COMMANDS[argv[0]].function.partition(":")
    try:
        return getattr(importlib.import_module(module), function)(argv[1:])
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "geomem") or importlib.util.find_spec(package):
            raise
        raise InputError(f"geomem {argv[0]} needs {how_to_install(package)}") from error


def start():
    """`main` as a program: a message and an exit status where it fails."""
    run(main)


if __name__ == "__main__":
    start()
