"""The page about every command, from its parser."""

import contextlib
import importlib.util
import io
import os

from geomem.commands import GROUPS, overview
from geomem.places import COMMANDS as JOBS

_INTRODUCTION = """# Commands

<!-- made from the commands' own help -->

`geomem COMMAND --help` prints what follows here. In a clone, `geomem` is in `.venv/bin`;
`python -m geomem` is the same.
"""
_JOBS = """## Commands of the jobs

Snakemake runs these; you need them only to repeat one job by hand. `--spec` takes the settings as
JSON. The log of a job and `geomem inspect` show the settings that it ran with.
"""


def commands_page():
    """The page, as Markdown."""
    parts = [_INTRODUCTION, _block(overview())]
    for title, group in GROUPS.items():
        parts.append(f"## {title}\n")
        for name, command in group.items():
            parts += [f"### geomem {name}\n", _block(help_of(name, command.function))]
    parts.append(_JOBS)
    for path in sorted(JOBS.glob("*.py")):
        parts += [f"### {path.name}\n", _block(_printed(_loaded(path).main, path.name))]
    return "\n".join(parts)


def help_of(name, function):
    """What `geomem NAME --help` prints."""
    module, _, attribute = function.partition(":")
    return _printed(getattr(importlib.import_module(module), attribute), f"geomem {name}")


def _printed(main, program):
    out = io.StringIO()
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "90"
    try:
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            main(["--help"])
    finally:
        os.environ.pop("COLUMNS") if columns is None else os.environ.update(COLUMNS=columns)
    return out.getvalue().replace("__main__.py", program)


def _loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _block(text):
    return f"```text\n{text.rstrip()}\n```\n"
