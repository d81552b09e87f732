"""Results of which Snakemake has no record: whether they are up to date, it cannot tell.

The records, in `.snakemake/metadata`, say with which settings and code a result was made. They are
lost where results were copied without `.snakemake/`, or it was deleted. The files themselves still
say with which settings.
"""

import json

from geomem.errors import GeomemError
from geomem.headlines.sentences import counted
from geomem.storage.cli import provenance_of

_MOST = 3  # paths that are named


def in_words(results):
    """One sentence or more about results without record; "" where there are none.

    Parameters
    ----------
    results : iterable of (str, sequence of str, str)
        For each job whose results count as made: its rule, their paths, and the settings that it
        would be made with now, as JSON text ("" where it has none).
    """
    said = [(rule, paths, _are_of(paths, spec)) for rule, paths, spec in results]
    if not said:
        return ""
    text = (
        f"{counted(len(said), 'result')} would count as up to date whatever changed: "
        ".snakemake/metadata has no record of what they were made with. "
    )
    others = [(rule, paths[0]) for rule, paths, these in said if these is False]
    if others:
        names = ", ".join(path for _, path in others[:_MOST])
        more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
        rules = " ".join(sorted({rule for rule, _ in others}))
        return text + (
            f"THESE ARE OF OTHER SETTINGS: {names}{more}. `--forcerun {rules}` makes them again."
        )
    known = sum(these is True for *_, these in said)
    which = "The files" if known == len(said) else f"{known} of the files"
    return text + (
        f"{which} say that they are of these settings, and not of which code; --forceall makes "
        "all again."
    )


def _are_of(paths, spec):
    """Whether the first file that says with which settings it was made, names these; None: no file.

    What it says besides them does not count.
    """
    asked = json.loads(spec or "{}")
    for path in paths if asked else ():
        try:
            said = provenance_of(path)["spec"]
        except (GeomemError, KeyError):  # of a type that says nothing, or damaged
            continue
        return all(said.get(name) == value for name, value in asked.items())
    return None
