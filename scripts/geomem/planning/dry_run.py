"""What Snakemake would do, read from its dry run."""

import re
import subprocess
import sys
from dataclasses import dataclass

from geomem.errors import InputError


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
    """The jobs of `snakemake --dry-run` in this folder, in Snakemake's order, without `all`.

    Parameters
    ----------
    arguments : sequence of str
        Further arguments of snakemake, e.g. `["--configfile", "presets/paper.yaml"]`.

    Raises
    ------
    InputError
        If Snakemake refuses, with what it said.
    """
    said = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--nocolor", "--cores=1", *arguments],
        capture_output=True,
        text=True,
    )
    if said.returncode:
        raise InputError(f"snakemake --dry-run failed:\n{(said.stderr + said.stdout).strip()}")
    return read_jobs(said.stdout + said.stderr)


def read_jobs(text):
    """Jobs listed in the text of a dry run, without `all`."""
    blocks = re.split(r"^(?:local)?rule (\w+):\n", text, flags=re.MULTILINE)[1:]
    named = zip(blocks[::2], blocks[1::2], strict=True)
    return [_job(rule, block) for rule, block in named if rule != "all"]


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
