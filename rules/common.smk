"""What all rules are made with. The plan, and input, params and resource functions of it.

They are in `scripts/geomem/workflow/`; here is what needs Snakemake's own `workflow`. Nothing of it
may import torch, numpy or pandas: every job pays for it.
"""

import os
import shlex
import sys
from pathlib import Path

# Of this file, whichever Snakefile includes it. A clone has the package here, too; where geomem is
# installed, it is imported from there.
HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).resolve()
COMMANDS = HERE.parent / "scripts"
sys.path.insert(0, str(COMMANDS))

from geomem.config import sharing
from geomem.config.cli import combined, plain
from geomem.config.experiments import merged
from geomem.errors import InputError
from geomem.headlines.unfinished import write_unfinished
from geomem.storage.clock import refuse_future
from geomem.storage.lock import hold, require_folder
from geomem.training.gpus import VISIBLE, local_gpus
from geomem.workflow.files import JobFiles
from geomem.workflow.plan import Plan
from geomem.workflow.resources import JobResources
from geomem.workflow.settings import JobSettings
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

try:
    if workflow.is_main_process:
        require_folder("results")
    # As Snakemake combines files, but a section that changes its `name` replaces the old one whole.
    overlays = list(workflow.overwrite_configfiles)
    bases = [path for path in workflow.configfiles if path not in overlays]
    if workflow.config_settings.replace_workflow_config:
        bases = []
    # Snakemake takes numbers within a section given by --config for text.
    given = plain(dict(workflow.config_settings.config))
    PLAN = Plan(merged(combined([*bases, *overlays]), given))
except InputError as error:
    raise WorkflowError(str(error)) from None

SHARED = sharing.PLACE

# Content-addressed training states; outside every declared output, since Snakemake deletes those
# before a job runs again and resuming needs them.
CACHE = "results/cache/training"

# Rules to which a profile gives a GPU. Versions of Snakemake differ in how they keep the number.
SET_RESOURCES = workflow.resource_settings.overwrite_resources
GIVEN = {name: given.get("gpu") for name, given in SET_RESOURCES.items()}
ON_GPU = {name for name, number in GIVEN.items() if getattr(number, "value", number)}

# Where no profile speaks of GPUs, those of this machine are used, by one job each unless `--resources
# gpu=N` says otherwise. Jobs choose among the ones they are shown.
GPUS = local_gpus() if workflow.is_main_process and not ON_GPU else []
if len(GPUS) > 1:
    os.environ.setdefault(VISIBLE, ",".join(GPUS))
if GPUS and not getattr(workflow.global_resources.get("gpu"), "value", None):
    workflow.register_resource("gpu", len(GPUS))

# Lines about a run, of the logger plugin, name its experiments; other loggers see an empty message.
if workflow.is_main_process:
    logger.info("", extra={"geomem_plan": PLAN})

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

    return text


def state_cache(wildcards, threads):
    """The folder of training states."""
    return CACHE


def gpu(wildcards):
    """Resource function: 1 where a job that can use a GPU of this machine runs on it."""
    return int(bool(GPUS) and workflow.local_exec)


def options_of(paths):
    """`geometry=PATH ...` for input files by name."""
    return " ".join(shlex.quote(f"{name}={path}") for name, path in paths.items())


def hold_results():
    """Keep other runs out of results/ for as long as this one lasts, if it can run at all."""
    if workflow.is_main_process:
        try:
            hold("results")
            refuse_future("results")
        except InputError as error:
            raise WorkflowError(str(error)) from None


def show_unfinished():
    """Let the landing page, and the last lines in the terminal, say which experiments are not done."""
    if workflow.is_main_process:
        pending = [
            (job.wildcards.experiment, job.rule.name)
            for job in workflow.dag.needrun_jobs()
            if "experiment" in job.wildcards.keys()
        ]
        names = write_unfinished(PLAN.experiments, pending)
        logger.info("", extra={"geomem_unfinished": names})
