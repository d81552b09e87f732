"""The state of a run, from the events that Snakemake logs."""

from collections import Counter
from dataclasses import dataclass, field

from geomem.terminal import logs
from geomem.terminal.words import label


@dataclass
class Job:
    """A job that has been started.

    Attributes
    ----------
    rule : str
    name : str
        In a few words.
    log : str
        Path of its log, "" where it has none.
    since : float
        Seconds since the epoch.
    """

    rule: str
    name: str
    log: str
    since: float


@dataclass
class Failure:
    """A job that failed, and why, in lines."""

    job: Job
    reason: list


@dataclass
class State:
    """A run as far as it is.

    Attributes
    ----------
    totals, done : Counter
        Jobs by rule: to be done, and done.
    seconds : Counter
        Together, of the jobs done, by rule.
    running : dict of int to Job
    failed : dict of int to Failure
        By number of the job, or name of a submission that failed as a whole.
    cores : int
        Local ones; 0 on a cluster.
    most : int
        Of jobs at a time until now.
    nothing : bool
        Whether there was nothing to do.
    """

    totals: Counter = field(default_factory=Counter)
    done: Counter = field(default_factory=Counter)
    seconds: Counter = field(default_factory=Counter)
    running: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)
    cores: int = 0
    most: int = 1
    nothing: bool = False

    def see(self, event, record):
        """Take in one record of Snakemake's log; `event` is its name, "" for a mere message."""
        if event == "run_info":
            self.totals = Counter(record.stats)
            del self.totals["total"], self.totals["all"]
            self.nothing = not self.totals
        elif event == "resources_info":
            self.cores = getattr(record, "cores", None) or self.cores
        elif event == "job_info" and record.rule_name in self.totals:
            name = label(record.rule_name, record.wildcards)
            log = next(iter(record.log), "")
            self.running[record.jobid] = Job(record.rule_name, name, log, record.created)
            self.failed.pop(record.jobid, None)  # it is tried again
            self.most = max(self.most, len(self.running))
        elif event == "job_finished" and record.job_id in self.running:
            job = self.running.pop(record.job_id)
            self.done[job.rule] += 1
            self.seconds[job.rule] += record.created - job.since
        elif event == "job_error" and not getattr(record, "indent", False):
            self._fail(record)
        elif event == "group_info":
            self.failed.pop(record.group_id, None)
        elif event == "group_error":  # after it comes a job_error for each of its jobs, indented
            self._fail_group(record)
        elif not event and str(record.msg).startswith("Nothing to be done"):
            self.nothing = True

    def _fail(self, record):
        name = label(record.rule_name, getattr(record, "wildcards", {}))
        log = next(iter(record.log), "")
        job = self.running.pop(record.jobid, Job(record.rule_name, name, log, record.created))
        reason = logs.reason(job.log) if job.log else [record.getMessage()]
        if record.rule_msg:  # of a cluster: how the scheduler ended it
            reason = [*reason, *str(record.rule_msg).splitlines()[:2]]
        self.failed[record.jobid] = Failure(job, reason)

    def _fail_group(self, record):
        """Of the jobs of one submission, those failed whose log says so; without any, all of it."""
        found = {}
        for each in record.job_error_info:
            number, log = each["jobid"], next(iter(each["log"]), "")
            job = self.running.pop(number, Job(each["rule_name"], each["rule_name"], log, 0.0))
            if logs.failed(log):
                found[number] = Failure(job, logs.reason(log))
        if not found:
            log = next(iter(record.aux_logs), "")
            job = Job("", f"submission {record.groupid}", log, 0.0)
            found[record.groupid] = Failure(job, ["none of its jobs says why; its own log may"])
        self.failed |= found

    @property
    def jobs(self):
        """(done, to be done) over all rules."""
        return sum(self.done.values()), sum(self.totals.values())
