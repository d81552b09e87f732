"""Resource functions: the time and memory that a job asks for."""

from geomem.planning.resources import megabytes, minutes
from geomem.workflow.signatures import sign_methods, signed


class JobResources:
    """Resource functions of the rules.

    Parameters
    ----------
    plan : Plan
    on_gpu : set of str
        Rules to which a profile gives a GPU, which makes their time limits shorter.
    """

    def __init__(self, plan, on_gpu):
        self.plan, self.on_gpu = plan, on_gpu
        sign_methods(self)

    def runtime(self, stage):
        """Resource function: a job's time limit in minutes, more at each attempt."""
        return signed(
            lambda wildcards, attempt: minutes(
                wildcards.get("measure", stage),
                *self.job_settings(wildcards),
                gpu=stage in self.on_gpu,
                attempt=attempt,
            )
        )

    def memory(self, stage):
        """Resource function: a job's memory in MB, more at each attempt."""
        return signed(
            lambda wildcards, attempt: megabytes(
                wildcards.get("measure", stage), *self.job_settings(wildcards), attempt=attempt
            )
        )

    def job_settings(self, wildcards):
        """The experiment as text, and the job's width and noise where it has them."""
        width, noise, _ = self.plan.cell_of(wildcards)
        return self.plan.texts[self.plan.experiment_of(wildcards)], width, noise
