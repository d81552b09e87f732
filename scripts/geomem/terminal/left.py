"""How long a run will still take."""

from collections import Counter, defaultdict

from geomem.config import experiments
from geomem.planning.costs import job_cost
from geomem.planning.resources import Recorded
from geomem.planning.sizes import planned_size
from geomem.registry.stages import STAGES

# Seconds of work as fast as expected, with which the jobs that are done are averaged: the first
# ones are short, and mostly the start of Python, which says little about the long ones.
_AS_EXPECTED = 20.0


def expected(plan):
    """Seconds that a job of each rule takes on the machine of `rates.json`, on average.

    Parameters
    ----------
    plan : geomem.workflow.plan.Plan

    Returns
    -------
    dict of str to float
    """
    found = defaultdict(list)
    for name, experiment in plan.experiments.items():
        size, rates = planned_size(experiment["data"]), Recorded()
        cells = {(width, noise) for width, noise, _ in experiments.runs(experiment).values()}
        for rule, stage in STAGES.items():
            if stage.elsewhere and stage.elsewhere not in experiment:
                continue
            for kind in plan.measures[name] if rule == "measure" else [rule]:
                for width, noise in cells:
                    cost = job_cost(kind, experiment, rates, width, noise, size)
                    found[rule].append(cost.seconds)
    return {rule: sum(seconds) / len(seconds) for rule, seconds in found.items()}


def seconds_left(state, expected, now, says=()):
    """Estimate of the seconds until all jobs are done, on this machine.

    Jobs of a rule take as long as those of it that are done, or else as long as the running ones
    say that they will; of other rules as long as expected, times how much longer these took than
    expected, averaged with 20 s of work that took as long as expected.

    Parameters
    ----------
    state : geomem.terminal.state.State
    expected : dict of str to float
        Seconds of a job by rule; what is missing counts as one second.
    now : float
        Seconds since the epoch.
    says : dict of int to float
        Seconds that running jobs say they still need, by number.

    Returns
    -------
    float or None
        None before anything is known: no job is done, and nothing was expected.
    """
    says = dict(says)
    seconds, known = Counter(state.seconds), Counter(state.done)  # of jobs of known duration
    for number, job in state.running.items():
        if number in says and not state.done[job.rule]:
            seconds[job.rule] += now - job.since + says[number]
            known[job.rule] += 1
    took = sum(seconds.values())
    planned = sum(expected.get(rule, 1.0) * count for rule, count in known.items())
    if not expected and not took:
        return None
    slower = (took + _AS_EXPECTED) / (planned + _AS_EXPECTED)

    def each(rule):
        if known[rule]:
            return seconds[rule] / known[rule]
        return slower * expected.get(rule, 1.0)

    waiting = {
        rule: total - state.done[rule] - sum(job.rule == rule for job in state.running.values())
        for rule, total in state.totals.items()
    }
    ahead = [
        says.get(number, max(each(job.rule) - (now - job.since), 0.0))
        for number, job in state.running.items()
    ]
    together = sum(ahead) + sum(max(count, 0) * each(rule) for rule, count in waiting.items())
    return max([together / max(state.cores, state.most, 1), *ahead])
