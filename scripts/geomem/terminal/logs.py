"""What the logs of jobs say: how far a training is, and why a job failed."""

import re
from pathlib import Path

from geomem.process import exit_status

_EPOCH = re.compile(
    r"^epoch (\d+)/(\d+): loss \S+ accuracy (.*); [\d.]+ s/epoch, (\d+) s left$", re.MULTILINE
)
_BEGAN = re.compile(r"\d{4}-\d\d-\d\dT\S+ on .*: geomem ")  # when and where: its first line
_SHOWN = ("train", "test", "permuted")
_LINES = 4  # of a reason
_TAIL = 20_000  # bytes of a log that are looked at


def progress(path):
    """How far the training with this log is.

    Returns
    -------
    str
        Epoch and accuracies, "" before the first line.
    seconds : float or None
        That it says are left.
    """
    lines = _EPOCH.findall(_tail(path))
    if not lines:
        return "", None
    epoch, last, accuracies, left = lines[-1]
    rates = dict(part.rsplit(" ", 1) for part in accuracies.split(", "))
    shown = ", ".join(
        f"{kind} {100 * float(rates[kind]):.0f} %" for kind in _SHOWN if kind in rates
    )
    return f"epoch {epoch} of {last}, accuracy: {shown}", float(left)


def failed(path):
    """Whether a job has begun this log and not ended it well."""
    text = _tail(path)
    return bool(text) and exit_status(text) != 0


def reason(path):
    """Why the job with this log failed, as a list of lines.

    The message of an error, with what follows it; of a fault of geomem the last line of its
    traceback; else the last lines.
    """
    text = _tail(path)
    lines = [line for line in text.splitlines() if line.strip() and not _BEGAN.match(line)]
    ended = exit_status(text) is not None
    lines = lines[:-1] if ended else lines
    starts = [place for place, line in enumerate(lines) if line.startswith("error: ")]
    if starts:
        return lines[starts[-1] :][:_LINES]
    if ended and any(line.startswith("Traceback ") for line in lines):
        return [f"a fault of geomem, not of yours: {lines[-1]}"]
    if ended:
        return lines[-_LINES:] or ["its log does not say why"]
    return ["its log breaks off: it was killed, or out of memory or time", *lines[-2:]]


def _tail(path):
    try:
        with Path(path).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
