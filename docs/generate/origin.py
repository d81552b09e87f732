"""What the numbers of a page were made by, as the results' own logs say."""

import re
from pathlib import Path
from typing import NamedTuple

# Not `geomem.places.ROOT`: the installed geomem may be that of another folder.
ROOT = Path(__file__).resolve().parents[2]

# The first line of a job's log, see `geomem.process.circumstances`.
_FIRST = re.compile(r"\S+ on .*: geomem (?P<version>\S+), (?P<commit>[^,]+)(, (?P<processor>.+))?")


class Origin(NamedTuple):
    """What judged an experiment: version, commit and processor."""

    version: str
    commit: str
    processor: str


def origin(folder):
    """The `Origin` of an experiment's verdicts, from the folder of its results."""
    log = Path(folder) / "logs" / "claims.log"
    found = _origin(log)
    if not found:
        raise SystemExit(f"{log} does not begin with what wrote it; run the experiment again")
    return found


def made_by(folder):
    """Version, commit and processor as a sentence, and the commits of jobs that are older."""
    found = origin(folder)
    logs = sorted((Path(folder) / "logs").rglob("*.log"))
    others = {each.commit for each in map(_origin, logs) if each} - {found.commit}
    older = f" Measured at commit {', '.join(sorted(others))}." if others else ""
    return f"Made by geomem {found.version}, commit {found.commit}, {found.processor}.{older}"


def _origin(log):
    """Of one job, or None where its log does not say."""
    said = _FIRST.fullmatch(log.read_text(encoding="utf-8").partition("\n")[0])
    if not said:
        return None
    commit = re.sub(r"commit ([0-9a-f]{7})[0-9a-f]*", r"\1", said["commit"])
    return Origin(said["version"], commit, said["processor"] or "a processor that is not known")
