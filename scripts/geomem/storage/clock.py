"""Results that seem to come from the future."""

import time
from pathlib import Path

from geomem.errors import InputError

_SLACK = 10  # seconds by which clocks of machines may differ


def refuse_future(folder):
    """Raise InputError if a file below `folder` is newer than now.

    Snakemake takes what is made of such a file for outdated, and throws it away.
    """
    now = time.time()
    times = {path: path.stat().st_mtime for path in Path(folder).rglob("*.*") if path.is_file()}
    ahead = {path: when - now for path, when in times.items() if when > now + _SLACK}
    if ahead:
        latest = max(ahead, key=ahead.get)
        raise InputError(
            f"{len(ahead)} files in {folder} are newer than now, {latest} by {ahead[latest]:.0f} "
            "s: this machine's clock went back, or another's is ahead. Correct the clock; then "
            f"this makes the files count again: find {folder}/ -newermt now -exec touch {{}} +"
        )
