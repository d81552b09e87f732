"""The commands of `geomem`: what each is for, with an example. Standard library only."""

import argparse
import difflib
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path

from geomem.errors import InputError


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes
    ----------
    function : str
        What is called with its arguments, as `package.module:function`.
    summary : str
        What it is for, in a dozen words.
    example : str
    """

    function: str
    summary: str
    example: str


GROUPS = {
    "Start here": {
        "init": Command(
            "geomem.study:init",
            "make a folder for a study: Snakefile, configuration, profiles",
            "geomem init my-study",
        ),
        "run": Command(
            "geomem.study:run",
            "run the experiments of the study in this folder",
            "geomem run --cores 4",
        ),
        "geometry": Command(
            "geomem.geometry.cli:main",
            "measure capacity, radius and dimension of arrays in a file",
            "geomem geometry activations.npz",
        ),
    },
    "Before a run": {
        "check": Command(
            "geomem.config.cli:main",
            "say everything that is wrong with a configuration",
            "geomem check --configfile presets/paper.yaml",
        ),
        "layers": Command(
            "geomem.models.cli:main",
            "list the layers of a network, with names and sizes",
            "geomem layers --model resnet18 --width 16",
        ),
        "estimate": Command(
            "geomem.planning.estimate:main",
            "say what a run will cost: hours, disk, memory",
            "geomem estimate --configfile presets/paper.yaml",
        ),
        "explain": Command(
            "geomem.planning.explain:main",
            "say what would run, and why",
            "geomem explain --configfile mine.yaml",
        ),
    },
    "During and after a run": {
        "status": Command(
            "geomem.planning.status:main",
            "say how far a run is, and why jobs failed",
            "geomem status",
        ),
        "summary": Command(
            "geomem.summary:main",
            "print the main numbers of an experiment",
            "geomem summary depth",
        ),
        "compare": Command(
            "geomem.claims.cli:main",
            "show the effects of several experiments side by side",
            "geomem compare --configfile presets/factors.yaml --figure compare.png",
        ),
        "inspect": Command(
            "geomem.storage.cli:main",
            "say where a result file came from",
            "geomem inspect results/depth/figures/depth.png",
        ),
        "usage": Command(
            "geomem.planning.usage:main",
            "say what a run used: time, memory, how full the cores were",
            "geomem usage --cores 4",
        ),
        "cache": Command(
            "geomem.training.cache_cli:main",
            "list or clear checkpoints of trainings",
            "geomem cache --clear --unused-days 30",
        ),
    },
}
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}


def overview():
    """The help of `geomem` itself: every command in its group, with examples of the first."""
    lines = ["usage: geomem COMMAND ...", ""]
    for title, group in GROUPS.items():
        lines.append(f"{title}:")
        lines += [f"  {name:10s}{command.summary}" for name, command in group.items()]
        lines.append("")
    lines.append("Examples:")
    lines += [f"  {command.example}" for command in GROUPS["Start here"].values()]
    lines += ["", "geomem COMMAND --help describes a command and shows an example."]
    return "\n".join(lines)


def parser(name, description, **options):
    """An argument parser for the command called `name`; its help ends with the example."""
    return argparse.ArgumentParser(
        prog=f"geomem {name}",
        description=inspect.cleandoc(description or ""),  # python -OO leaves out docstrings
        epilog=f"Example: {COMMANDS[name].example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **options,
    )


def snakemake_options(name, description, argv):
    """What is handed on to snakemake; None where help was asked for, which is then printed."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if argv[:1] in (["-h"], ["--help"]):
        usage = f"geomem {name} [SNAKEMAKE OPTIONS]"
        parser(name, description, usage=usage, add_help=False).print_help()
        return None
    if argv and _is_yaml(argv[0]):
        raise InputError(
            f"{argv[0]} stands without an option; expected: geomem {name} --configfile {argv[0]}"
        )
    for path in configurations(argv):
        if not Path(path).is_file():
            there = sorted(str(file) for at in (".", "presets") for file in Path(at).glob("*.yaml"))
            near = difflib.get_close_matches(path, there, n=1)
            listed = ", ".join(there) or "none"
            hint = f"did you mean {near[0]}?" if near else f"there are: {listed}"
            raise InputError(f"--configfile: there is no file {path}; {hint}")
    return argv


def _is_yaml(word):
    return not word.startswith("-") and word.endswith((".yaml", ".yml"))


def configurations(argv):
    """The files that --configfile (or --configfiles) names among options of snakemake."""
    option = ""
    for word in argv:
        if word.startswith("-"):
            option, _, word = word.partition("=")
            if not word:
                continue
        if option in ("--configfile", "--configfiles"):
            yield word
