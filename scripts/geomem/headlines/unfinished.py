"""The landing page after a run that did not come to its end."""

from collections import Counter
from pathlib import Path

from geomem.headlines.landing import is_current, page, pictures
from geomem.headlines.sentences import counted
from geomem.storage.pages import write_page
from geomem.storage.provenance import provenance
from geomem.storage.tables import read_document


def write_unfinished(experiments, pending):
    """Write `results/index.html` with what is done, and what is not.

    Parameters
    ----------
    experiments : iterable of str
        Names of those that the configuration asks for.
    pending : iterable of (str, str)
        Experiment and rule of every job that is still to be done.

    Returns
    -------
    list of str
        Names of the experiments that are not done.
    """
    counts = {}
    for name, rule in pending:
        counts.setdefault(name, Counter())[rule] += 1
    why = {}
    for name in experiments:
        if left := counts.get(name):
            rules = ", ".join(f"{rule} {count}" for rule, count in left.items())
            jobs = counted(sum(left.values()), "job")
            why[name] = (
                f"Not done: {jobs} ({rules}). `geomem status` says why; the same command goes on."
            )
    paths = [Path("results") / name / "headline.json" for name in experiments if name not in why]
    paths = [path for path in paths if path.exists()]
    documents = {path: read_document(path) for path in paths}
    found = {path: one for path, one in documents.items() if is_current(one)}
    shown = {one["experiment"]: pictures(one, path.parent) for path, one in found.items()}
    text = page(list(found.values()), why, shown)
    write_page("results/index.html", text, provenance("write_landing", {}, list(found)))
    return list(why)
