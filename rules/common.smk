"""What all rules are made with: input, params and resource functions, and the names of wildcards.

They are in `scripts/geomem/workflow/`; here is what needs Snakemake's own `workflow`.
"""

import os
import shlex
import sys

from geomem.config import sharing
from geomem.workflow.files import JobFiles
from geomem.workflow.resources import JobResources
from geomem.workflow.settings import JobSettings
from geomem.workflow.signatures import signed

# Content-addressed training states; outside every declared output, since Snakemake deletes those
# before a job runs again and resuming needs them.
CACHE = "results/cache/training"

files, settings, needs = JobFiles(PLAN), JobSettings(PLAN), JobResources(PLAN, ON_GPU)


def one_of(names):
    """A pattern of these names; of none, one that nothing matches."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    experiment="|".join(PLAN.experiments),
    width=r"\d+",
    noise=r"[0-9.e-]+",
    seed=r"\d+",
    epoch=r"best|last|\d+",
    measure=r"\w+",
    table=r"\w+",
    figure=r"\w+",
    data="[^/]+",
    training="[^/]+",
    labelling="[a-z]+(-[0-9a-f]{8})?",


# Snakemake leaves params whose function takes `threads` out of what it compares between runs: the
# next two decide nothing about a result.


def command(name):
    """Params function: the start of a command line, in the Python that runs Snakemake.

    Not an input: what decides about a result is the program's checksum, not where it lies.
    """
    started = shlex.join([sys.executable, os.path.relpath(COMMANDS / name)])

    def text(wildcards, threads):
        return started

    return signed(text)


@signed
def state_cache(wildcards, threads):
    """The folder of training states."""
    return CACHE


def options_of(paths):
    """`geometry=PATH ...` for input files by name."""
    return " ".join(shlex.quote(f"{name}={path}") for name, path in paths.items())


def asked_headlines():
    """Names of the experiments whose headline is among what this run was asked for."""
    dag = workflow.dag
    jobs = dag.bfs(dag.dependencies, *dag.targetjobs)
    return {job.wildcards.experiment for job in jobs if job.rule.name == "headline"}


def settings_of(job):
    """The param `spec` of a rule of the workflow, "" of a user's own."""
    return job.params.get("spec", "") if "code" in job.params.keys() else ""


def unrecorded():
    """Jobs whose results count as made without a record of what they were made with.

    The rule, the results and the settings of each, see `geomem.terminal.unrecorded`.
    """
    dag = workflow.dag
    return [
        (job.rule.name, list(map(str, job.output)), settings_of(job))
        for job in dag.jobs
        if dag.reason(job).no_metadata and not dag.needrun(job)
    ]


# For the logger plugin, which asks at the end of a run.
if workflow.is_main_process:
    logger.info("", extra={"geomem_asked": asked_headlines, "geomem_unrecorded": unrecorded})
