"""Which jobs get a GPU: as a profile says, or else those of this machine."""

import os

from geomem.training.gpus import VISIBLE, local_gpus
from geomem.workflow.signatures import signed

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


@signed
def gpu(wildcards):
    """Resource function: 1 where a job that can use a GPU of this machine runs on it."""
    return int(bool(GPUS) and workflow.local_exec)
