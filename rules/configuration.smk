"""The configuration and the plan that follows from it; and the results folder, held while a run lasts.

Nothing of it may import torch, numpy or pandas: every job pays for it.
"""

import os
import sys
from pathlib import Path

# Of this file, whichever Snakefile includes it. A clone has the package here, too; where geomem is
# installed, it is imported from there.
HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).resolve()
COMMANDS = HERE.parent / "scripts"
sys.path.insert(0, str(COMMANDS))

from geomem.config.cli import combined, plain
from geomem.config.code import read_files
from geomem.config.experiments import merged
from geomem.errors import GeomemError, InputError
from geomem.headlines.unfinished import write_unfinished
from geomem.storage.clock import refuse_future
from geomem.storage.lock import hold, require_folder
from geomem.workflow.plan import Plan
from geomem.workflow.run import begin, settings_of_run
from snakemake.exceptions import WorkflowError
from snakemake.io import IOFile
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
    begun = None if workflow.is_main_process else settings_of_run()
    SETTINGS = merged(combined([*bases, *overlays]), given) if begun is None else begun
    PLAN = Plan(SETTINGS)
except InputError as error:
    raise WorkflowError(str(error)) from None

# Lines about a run, of the logger plugin, name its experiments; other loggers see an empty message.
if workflow.is_main_process:
    logger.info("", extra={"geomem_plan": PLAN})


def hold_results():
    """Keep other runs out of results/ for as long as this one lasts, if it can run at all."""
    if workflow.is_main_process:
        try:
            hold("results")
            refuse_future("results")
            begin("results", SETTINGS, sources_of_jobs())
        except InputError as error:
            logger.info("", extra={"geomem_refused": True})
            raise WorkflowError(str(error)) from None


def sources_of_jobs():
    """Source files of the jobs to be done, as `geomem.config.code.read_files`."""
    alike = {}  # jobs by what decides which sources they have
    for job in workflow.dag.needrun_jobs():
        names = [job.wildcards.get(name) for name in ("training", "measure", "figure", "data")]
        alike[job.rule.name, job.wildcards.get("experiment"), *names] = job
    for job in alike.values():
        job.params  # Snakemake's property: worked out, and with it the checksums of the sources
    return read_files()


def show_unfinished():
    """Let the landing page, and the last lines in the terminal, say which experiments are not done."""
    if workflow.is_main_process:
        pending = [
            (job.wildcards.experiment, job.rule.name)
            for job in workflow.dag.needrun_jobs()
            if "experiment" in job.wildcards.keys()
        ]
        try:
            names = write_unfinished(PLAN.experiments, pending)
            # So that the next run makes it again: older than what it is made from, and forgotten.
            os.utime("results/index.html", (1, 1))
            workflow.persistence.cleanup_metadata(IOFile("results/index.html"))
        except (GeomemError, OSError) as error:  # a full disk, say
            logger.error(f"The landing page could not be written: {error}")
        else:
            logger.info("", extra={"geomem_unfinished": names})
