"""What an experiment's results come from, to read: settings, versions, runs, files, time taken."""

import html
from collections import defaultdict

import yaml

from geomem.pages.plain import document, table


def page(experiment, settings, origin, runs, usage, written):
    """The provenance page of an experiment.

    Parameters
    ----------
    experiment : str
    settings : dict
        Its configuration, defaults applied.
    origin : dict
        Provenance of the page itself, whose inputs are the files listed.
    runs : list of (dict, dict)
        Record and provenance of every training.
    usage : list of geomem.planning.usage.Usage
        Of the jobs that left a benchmark.
    written : str
        When, where and by which version the page is written. No other result holds this.

    Returns
    -------
    str
        HTML that needs no other file.
    """
    return document(
        f"Provenance: {experiment}",
        [
            f"<h1>Where the numbers come from: {html.escape(experiment)}</h1>",
            "<p><code>geomem inspect FILE</code> prints settings, versions and inputs of any one "
            "result file.</p>",
            f"<p class='small'>Written {html.escape(written)}. No other result holds a time or a "
            "date, so that making it again gives the same bytes.</p>",
            "<h2>Networks trained</h2>",
            _runs([record for record, _ in runs]),
            "<h2>Time and memory of the jobs</h2>",
            "<p class='small'>Jobs that had ended when this page was written, by rule of the "
            "workflow; the longest first. Memory is sampled at intervals, so it is too low for "
            "jobs of a second or two.</p>",
            _usage(usage),
            "<h2>Versions</h2>",
            _versions([origin, *(provenance for _, provenance in runs)]),
            "<h2>Settings</h2><p class='small'>All settings, defaults included. Copied below "
            "<code>experiments:</code> in a configuration, they give the same results.</p>",
            f"<pre>{html.escape(_yaml({experiment: settings}))}</pre>",
            "<h2>Files</h2>",
            table(["file", "SHA-256"], sorted(origin["inputs"].items())),
        ],
    )


def _yaml(settings):
    return yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=120)


def _versions(origins):
    """Distinct sets of versions: several where a run was continued after an update."""
    found = {}
    for origin in origins:
        packages = {"geomem": origin["geomem"], "python": origin["python"]}
        packages |= dict(sorted(origin["packages"].items()))
        found.setdefault(", ".join(f"{n} {v}" for n, v in packages.items()), []).append(origin)
    return table(
        ["versions", "results"],
        [(versions, ", ".join(sorted({o["stage"] for o in of}))) for versions, of in found.items()],
    )


def _runs(records):
    groups = defaultdict(list)
    for record in records:
        groups[record["status"], record["device"], record["precision"]].append(record)
    return table(
        ["networks", "training", "last epoch", "best epoch", "trainable parameters", "on"],
        [
            (
                len(found),
                status,
                *(_range([r[key] for r in found]) for key in ("epochs", "best_epoch")),
                _range([r["parameters"] for r in found]),
                f"{device}, {precision}",
            )
            for (status, device, precision), found in sorted(groups.items())
        ],
    )


def _range(values):
    known = [value for value in values if value is not None]
    if not known:
        return "none"
    low, high = min(known), max(known)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _usage(jobs):
    if not jobs:
        return "<p>Its benchmark files are not there any more.</p>"
    groups = defaultdict(list)
    for job in jobs:
        groups[job.rule].append(job)
    return table(
        ["rule", "jobs", "all jobs (s)", "longest job (s)", "most memory (MB)"],
        [
            (
                rule,
                len(found),
                f"{_seconds((rule, found)):,.1f}",
                f"{max(job.seconds for job in found):,.1f}",
                f"{max(job.memory for job in found) / 1e6:,.0f}",
            )
            for rule, found in sorted(groups.items(), key=_seconds, reverse=True)
        ],
    )


def _seconds(group):
    return sum(job.seconds for job in group[1])
