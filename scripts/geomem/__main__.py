"""`python -m geomem COMMAND`: the parts of geomem one uses without the workflow."""

import importlib
import sys

from geomem import __version__
from geomem.command import run

COMMANDS = {
    "check": ("geomem.config.cli", "check a configuration and its presets"),
    "geometry": ("geomem.geometry.cli", "capacity, radius, dimension of manifolds in a file"),
    "layers": ("geomem.models.cli", "layers of a network: names, sizes"),
    "explain": ("geomem.planning.explain", "what would run, and why, in plain words"),
    "estimate": ("geomem.planning.estimate", "what a run would cost, before it is run"),
    "status": ("geomem.planning.status", "how far a run is, and why jobs failed"),
    "usage": ("geomem.planning.usage", "what a run used: time, memory, how full the cores were"),
    "summary": ("geomem.summary", "the main numbers of an experiment that has been run"),
    "inspect": ("geomem.storage.cli", "where a result file came from"),
    "cache": ("geomem.training.cache_cli", "list or clear saved training states"),
}


def main(argv=None):
    """Run the command named first; without one, or for --help, list the commands."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["--version"]:
        print(f"geomem {__version__}")
        return 0
    if not argv or argv[0] not in COMMANDS:
        asked = bool(argv) and argv[0] in ("-h", "--help")
        stream = sys.stdout if asked else sys.stderr
        if argv and not asked:
            print(f"error: no command is called {argv[0]!r}", file=stream)
        print("usage: python -m geomem COMMAND ... (each has --help)\n", file=stream)
        for name, (_, summary) in COMMANDS.items():
            print(f"  {name:10s}{summary}", file=stream)
        return 0 if asked else 2
    module = importlib.import_module(COMMANDS[argv[0]][0])
    return module.main(argv[1:])


if __name__ == "__main__":
    run(main)
