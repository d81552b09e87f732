"""Records as Snakemake logs them."""

import logging


def record(event="", message="", at=0.0, **fields):
    made = logging.LogRecord("snakemake", logging.INFO, "", 0, message, (), None)
    made.created = at
    if event:
        made.event = event
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def started(number, rule, at=0.0, log="", **wildcards):
    return record(
        "job_info", at=at, jobid=number, rule_name=rule, wildcards=wildcards, log=[log] * bool(log)
    )


def finished(number, at):
    return record("job_finished", at=at, job_id=number)


def failed(number, rule, log, said=None, indent=False):
    return record(
        "job_error", jobid=number, rule_name=rule, log=[log], rule_msg=said, indent=indent
    )


def totals(**counts):
    return record("run_info", stats={**counts, "all": 1, "total": sum(counts.values()) + 1})


def see(state, *records):
    for each in records:
        state.see(getattr(each, "event", ""), each)
    return state
