"""Say in plain words what would be run, and why: `geomem explain [SNAKEMAKE OPTIONS]`.

Options go to snakemake, e.g. `--configfile presets/paper.yaml`. Nothing is run.
"""

import ast
import json
import re
import textwrap
from collections import Counter, defaultdict
from pathlib import Path

from geomem import commands
from geomem.config.experiments import flat
from geomem.planning import changes
from geomem.planning.dry_run import planned_jobs

_MOST, _WIDTH = 6, 60  # settings named of a kind of job, and characters of a value
_FILES = "files"  # what checksums of a user's files are called, among the settings


def main(argv=None):
    """Print an explanation of the dry run."""
    argv = commands.snakemake_options("explain", __doc__, argv)
    if argv is None:
        return 0
    jobs = planned_jobs(argv)
    names = sorted({job.wildcards.get("experiment") for job in jobs} - {None})
    for name, both in changes.pairs(names, argv, list(commands.configurations(argv))).items():
        if line := changed_line(name, *both):
            print(line)
    print(explanation(jobs))
    return 0


def changed_line(name, then, now):
    """What an experiment's settings differ in from those of its last finished run; "" for nothing.

    Parameters
    ----------
    name : str
    then, now : dict
        Sections of settings.
    """
    words = _changed_settings(flat(then), flat(now))
    return f"{name}, since it last finished: {', '.join(words)}" if words else ""


def explanation(jobs):
    """The text for a list of `Job`: every kind of job, how many, and why.

    Parameters
    ----------
    jobs : sequence of Job
        In an order in which makers come before users.

    Returns
    -------
    str
    """
    if not jobs:
        return "Nothing would be run: every result is there and up to date."
    maker = {path: job.rule for job in jobs for path in job.outputs}
    groups = defaultdict(Counter)
    for job in jobs:
        groups[job.rule][reason_in_words(job, maker)] += 1
    lines = [f"{_count(len(jobs), 'job')} would be run."]
    for rule, reasons in groups.items():
        lines.append(f"\n{rule}: {_count(sum(reasons.values()), 'job')}")
        lines += [f"  {count} {words}" for words, count in reasons.most_common()]
    return "\n".join(lines)


def reason_in_words(job, maker):
    """Why a job would run, as the rest of a sentence.

    Parameters
    ----------
    job : Job
    maker : dict
        Rule that makes each file among the jobs of this run.
    """
    words = [text for part in _parts(job.reason) if (text := _in_words(part, maker))]
    # That what a job reads is made first is no news where the job's own result is missing.
    own = [text for text in words if not text.startswith("because what it reads")]
    return ", and ".join(own or words) or f"because: {job.reason}"


# What Snakemake says, one after the other, with "; " between.
_STARTS = (
    "Missing output files",
    "Updated input files",
    "Input files updated by another job",
    "Incomplete output files",
    "Params have changed",
    "Set of input files has changed",
    "Code has changed",
    "Software environment definition has changed",
    "Forced execution",
)


def _parts(reason):
    return re.split(r"; (?=" + "|".join(map(re.escape, _STARTS)) + ")", reason)


def _in_words(part, maker):
    start, _, rest = part.partition(": ")
    files = [name.strip() for name in rest.split(",") if name.strip()]
    if start.startswith("Missing output"):
        return "because its result has not been made yet"
    if start.startswith("Updated input"):
        return "because " + " and ".join(_changed_files(files))
    if start.startswith("Input files updated"):
        makers = sorted({maker[name] for name in files if name in maker})
        return f"because what it reads is made again by: {', '.join(makers)}" if makers else ""
    if start.startswith("Incomplete output"):
        return "because it was interrupted before it ended"
    if start.startswith("Params have changed"):
        return f"because {_changed_params(rest)}"
    if start.startswith("Set of input files"):
        return "because it reads other files than last time"
    if start.startswith("Forced execution"):
        return "because it was asked for with --force, --forceall or --forcerun"
    return f"because: {part}"


def _changed_files(files):
    sources = [Path(name).name for name in files if name.endswith(".py")]
    others = [name for name in files if not name.endswith(".py")]
    if sources:
        yield f"its program changed: {', '.join(sorted(set(sources)))}"
    if others:
        yield f"its input changed: {', '.join(sorted(others))}"


def _changed_params(text):
    """From the params before and now: which modules and settings changed, and whether files did."""
    found = re.search(r"before: (.*) now: (.*)$", text)
    before, now = (_values(part) for part in found.groups()) if found else (None, None)
    if before is None or now is None:
        return "settings changed"
    files = [values.pop(_FILES, "") for values in (before, now)]
    modules = [name for name in _differing(before, now) if name.endswith(".py")]
    settings = _changed_settings(before, now)
    parts = []
    if modules:
        parts.append(f"its program changed: {', '.join(modules)}")
    if files[0] != files[1]:
        parts.append("files of yours that it reads changed")
    if settings:
        parts.append(f"settings changed: {', '.join(settings)}")
    return " and ".join(parts) or "settings changed"


def _differing(before, now):
    return sorted(name for name in before | now if before.get(name) != now.get(name))


def _changed_settings(before, now):
    """`name 0.2 -> 0.1` for each setting that differs, as far as a line has room."""
    settings = [
        f"{name} {_change(before.get(name, 'absent'), now.get(name, 'absent'))}"
        for name in _differing(before, now)
        if not name.endswith(".py")
    ]
    if len(settings) > _MOST:
        settings = [*settings[:_MOST], f"and {len(settings) - _MOST} more"]
    return settings


def _values(text):
    """Names and values of params that Snakemake writes as Python does, with commas between.

    None if they are something else. Jobs are told an import path (called "function" here), and
    checksums of files ("files"), besides JSON.
    """
    if text.strip() == "<nothing exclusive>":
        return {}
    try:
        found = [_parsed(param) for param in ast.literal_eval(f"({text.strip()},)")]
    except (SyntaxError, ValueError, AttributeError):
        return None
    return {name: value for param in found for name, value in flat(param).items() if name}


def _parsed(param):
    if param.startswith("{"):
        return json.loads(param)
    return {"function" if ":" in param else _FILES: param}


def _change(before, now):
    """`0.2 -> 0.1`; of a list what came and what went."""
    if isinstance(before, list) and isinstance(now, list):
        came = [item for item in now if item not in before]
        went = [item for item in before if item not in now]
        words = [f"with {_listed(came)}"] * bool(came) + [f"without {_listed(went)}"] * bool(went)
        if words:
            return " and ".join(words)
    return f"{_shown(before)} -> {_shown(now)}"


def _listed(items):
    return _shown(", ".join(map(str, items)))


def _shown(value):
    return textwrap.shorten(str(value), _WIDTH, placeholder=" ...")


def _count(number, noun):
    return f"{number} {noun}" + ("" if number == 1 else "s")
