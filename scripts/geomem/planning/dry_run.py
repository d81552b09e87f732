"""What Snakemake would do, read from its dry run."""

import re
import subprocess
import sys
from dataclasses import dataclass

from geomem.errors import InputError
from geomem.process import log

_RULE = r"^(?:local)?rule (\w+):\n"
_TARGETS = ("all", "study")  # they make nothing
_UNRECORDED = r"^(\d+) jobs have missing provenance"
_NONE = r"Nothing to be done|^total +0$"  # the second with options such as --until


@dataclass(frozen=True)
class Job:
    """One job of a dry run.

    Attributes
    ----------
    rule : str
    wildcards : dict of str to str
    reason : str
        As Snakemake words it.
    inputs, outputs : tuple of str
    log : str
        Path of its log, "" where it has none.
    """

    rule: str
    wildcards: dict
    reason: str
    inputs: tuple
    outputs: tuple
    log: str = ""


def planned_jobs(arguments=()):
    """The jobs of `snakemake --dry-run` in this folder, in Snakemake's order, without its targets.

    A line on standard error warns of results that would not be made again whatever changed.

    Parameters
    ----------
    arguments : sequence of str
        Further arguments of snakemake, e.g. `["--configfile", "presets/paper.yaml"]`.

    Raises
    ------
    InputError
        If Snakemake refuses, with what it said.
    """
    # The list of jobs is wanted whatever a profile or an option leaves out, so that comes last:
    # only the host's name is not wanted.
    options, targets = list(arguments), []
    if "--" in options:
        place = options.index("--")
        options, targets = options[:place], options[place:]
    said = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--nocolor", "--cores=1", *options),
            *("--dry-run", "--quiet", "host", *targets),
        ],
        capture_output=True,
        text=True,
    )
    text = said.stdout + said.stderr
    if said.returncode:
        raise InputError(f"snakemake --dry-run failed:\n{text.strip()}")
    if not re.search(rf"{_RULE}|{_NONE}", text, re.MULTILINE):
        raise InputError(
            "snakemake --dry-run listed no job and did not say that there is none; leave out what "
            "silences it (a logger, in a profile or among the options)"
        )
    if found := re.search(_UNRECORDED, text, re.MULTILINE):
        log(
            f"warning: of {found.group(1)} jobs with results, .snakemake/metadata has no record of "
            "what they were made with, so no change of settings or code makes them again; "
            "--forceall does"
        )
    return read_jobs(text)


def read_jobs(text):
    """Jobs listed in the text of a dry run, without its targets."""
    blocks = re.split(_RULE, text, flags=re.MULTILINE)[1:]
    named = zip(blocks[::2], blocks[1::2], strict=True)
    return [_job(rule, block) for rule, block in named if rule not in _TARGETS]


def _job(rule, block):
    fields = dict(re.findall(r"^    (\w+): (.*)$", block, flags=re.MULTILINE))
    return Job(
        rule,
        dict(part.split("=", 1) for part in _listed(fields.get("wildcards", ""))),
        fields.get("reason", "").strip(),
        _listed(fields.get("input", "")),
        _listed(fields.get("output", "")),
        fields.get("log", "").strip(),
    )


def _listed(text):
    return tuple(part for part in text.split(", ") if part)
