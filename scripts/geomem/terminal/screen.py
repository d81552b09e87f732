"""Lines that say how far a run is: moving ones on a terminal, else one every now and then."""

import os
import shutil

from geomem.headlines.sentences import counted
from geomem.terminal import logs
from geomem.terminal.left import seconds_left
from geomem.terminal.words import duration

_TRAININGS = 4  # shown at once
_BAR = 24
_PAUSE, _GROWTH = 20, 0.02  # seconds between plain lines, at least so many and this part of the run


def lines(state, expected, now, began):
    """How far a run is, in up to seven lines.

    Parameters
    ----------
    state : geomem.terminal.state.State
    expected : dict of str to float
        Seconds of a job by rule.
    now, began : float
        Seconds since the epoch.
    """
    done, total = state.jobs
    trainings = {n: job for n, job in state.running.items() if job.rule == "train"}
    said = {number: logs.progress(job.log) for number, job in trainings.items()}
    says = {number: left for number, (_, left) in said.items() if left is not None}
    head = [f"{done} of {counted(total, 'job')} done"]
    if state.failed:
        head.append(f"{len(state.failed)} failed")
    head.append(f"{duration(now - began)} so far")
    left = seconds_left(state, expected, now, says) if state.cores else None
    if left is not None and done < total:
        head.append(f"about {duration(left)} left")
    active = {job.rule for job in state.running.values()}
    stages = [
        f"{rule} {state.done[rule]}/{count}"
        for rule, count in state.totals.items()
        if rule in active or 0 < state.done[rule] < count
    ]
    shown = [", ".join(head), "  ".join(stages)]
    for number in list(trainings)[:_TRAININGS]:
        shown.append(f"{trainings[number].name}: {said[number][0] or 'starting'}")
    others = [job.name for n, job in state.running.items() if n not in trainings]
    if more := len(trainings) - _TRAININGS if len(trainings) > _TRAININGS else 0:
        others.insert(0, f"{more} more trainings")
    if others:
        where = "running" if state.cores else "submitted"
        rest = f" and {len(others) - 3} more" if len(others) > 3 else ""
        shown.append(f"{where}: {'; '.join(others[:3])}{rest}")
    return shown


class Moving:
    """Lines at the bottom of a terminal, which are drawn again and again."""

    pause = 0.5  # seconds between two drawings

    def __init__(self, stream):
        self._stream, self._drawn = stream, 0

    def update(self, state, expected, now, began):
        width, height = shutil.get_terminal_size()
        done, total = state.jobs
        filled = _BAR * done // max(total, 1)
        first, *rest = lines(state, expected, now, began)
        shown = [
            f"[{'#' * filled}{'.' * (_BAR - filled)}] {first}",
            *(f"  {line}" for line in rest),
        ]
        shown = [_short(line, width - 1) for line in shown if line.strip()][: max(height - 1, 1)]
        self._write(self._back() + "".join(f"{line}\x1b[K\n" for line in shown) + "\x1b[J")
        self._drawn = len(shown)

    def say(self, text):
        """Lines that stay, above those that move."""
        self._write(f"{self._back()}\x1b[J{text}\n")
        self._drawn = 0

    def _back(self):
        return f"\r\x1b[{self._drawn}A" if self._drawn else ""

    def _write(self, text):
        self._stream.write(text)
        self._stream.flush()


class Plain:
    """Lines for a file or a pipe: one every twenty seconds at first, later fewer."""

    pause = 2.0

    def __init__(self, stream):
        self._stream, self._said, self._at = stream, "", None

    def update(self, state, expected, now, began):
        self._at = began if self._at is None else self._at
        if now - self._at < max(_PAUSE, _GROWTH * (now - began)):
            return
        self._at = now
        head, _, *rest = lines(state, expected, now, began)
        self.say("; ".join([head, *rest]))

    def say(self, text):
        """Lines that stay."""
        self._stream.write(f"{text}\n")
        self._stream.flush()


def screen(stream):
    """The way of showing lines that suits a stream."""
    moves = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Moving(stream) if moves else Plain(stream)


def _short(line, width):
    return line if len(line) <= width else line[: width - 1] + "…"
