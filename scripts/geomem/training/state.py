"""The saved states of a training, in a folder named by all that determines its weights.

A state is one file: weights and buffers, optimizer, and the measurements so far. Files are

    epoch-000014.safetensors           an epoch asked for, the first, the last; kept for good
    best-000014.safetensors            the epoch with the highest validation accuracy so far
    resume-000015-000042.safetensors   after 42 steps of the epoch that follows 15; the two most
                                       recent stay until training passes its end

Importing this module imports numpy, not torch.
"""

import contextlib
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geomem.errors import PreemptedError
from geomem.process import log
from geomem.storage.lock import try_lock
from geomem.training.snapshot import unpack, write_snapshot

_NAME = re.compile(r"(epoch|best|resume)-(\d{6})(?:-(\d{6}))?\.safetensors")
_RESUME_STATES = 2
_POLL = 0.5  # seconds between tries to get a lock


@dataclass(frozen=True)
class State:
    """A training at one position.

    Attributes
    ----------
    epoch, step : int
        Completed epochs, and steps since.
    arrays : dict of str to ndarray
        What `Trainer.state` returns.
    history : ndarray of float64, shape (epoch + 1, kinds, measures)
        The measurements at epoch 0 and after every epoch, see `evaluate.measure`.
    correct : ndarray of uint8, shape (epoch + 1, 2, bytes)
        Which images were right then, see `evaluate.correctness`.
    """

    epoch: int
    step: int
    arrays: dict
    history: np.ndarray
    correct: np.ndarray


@dataclass(frozen=True)
class _File:
    path: Path
    role: str
    epoch: int
    step: int

    @property
    def position(self):
        return self.epoch, self.step


class StateStore:
    """The states of one training.

    Parameters
    ----------
    folder : path
        Made when the first state is written.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    @contextlib.contextmanager
    def locked(self, asked_to_stop=lambda: False):
        """Within the block, no other process trains in this folder; waits for its turn.

        Raises
        ------
        PreemptedError
            If `asked_to_stop()` becomes true while waiting.
        """
        with self._own_lock(asked_to_stop):
            for leftover in self.folder.glob(".*.tmp"):  # of a process killed while writing
                leftover.unlink(missing_ok=True)
            yield

    def newest(self, up_to=None):
        """The most advanced state at or before the position `up_to`, (epoch, step), or None.

        Damaged files are named in the log and removed; the checkpoint before them is taken.
        """
        files = sorted(self._files(), key=lambda f: f.position, reverse=True)
        for file in files:
            if (up_to is None or file.position <= up_to) and (state := self._read(file)):
                return state
        return None

    def at(self, epoch):
        """The state after `epoch`, or None."""
        files = [f for f in self._files() if f.position == (epoch, 0)]
        return next((state for file in files if (state := self._read(file))), None)

    def save(self, role, state):
        """Save a state as "epoch", "best" or "resume"; of the last, the two latest stay."""
        name = f"{role}-{state.epoch:06d}"
        if role == "resume":
            name += f"-{state.step:06d}"
        write_snapshot(
            self.folder / f"{name}.safetensors",
            {**state.arrays, "history": state.history, "correct": state.correct},
            {"epoch": str(state.epoch), "step": str(state.step)},
        )
        if role == "resume":
            files = [f.path for f in self._files() if f.role == "resume"]
            files.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
            for path in files[_RESUME_STATES:]:
                path.unlink()

    def drop_best(self, but):
        """Remove what was saved as the best, except the epoch `but`."""
        for file in self._files():
            if file.role == "best" and file.epoch != but:
                file.path.unlink()

    def drop_resume(self, up_to):
        """Remove the states to go on from at or before `up_to`, (epoch, step)."""
        for file in self._files():
            if file.role == "resume" and file.position <= up_to:
                file.path.unlink()

    def kept_epochs(self):
        """The epochs whose state is saved, sorted."""
        return sorted({file.epoch for file in self._files() if file.step == 0})

    def _files(self):
        found = []
        for path in self.folder.glob("*.safetensors"):
            if match := _NAME.fullmatch(path.name):
                role, epoch, step = match.groups()
                found.append(_File(path, role, int(epoch), int(step or 0)))
        return found

    def _read(self, file):
        try:
            arrays, metadata = unpack(file.path.read_bytes())
            if (int(metadata["epoch"]), int(metadata["step"])) != file.position:
                raise ValueError("it is of another epoch than its name says")
            kept = {name: arrays.pop(name) for name in ("history", "correct")}
            return State(*file.position, arrays=arrays, **kept)
        except FileNotFoundError:
            return None  # removed by another process since it was listed
        except (ValueError, KeyError) as error:
            log(f"{file.path} is damaged ({error}); removed, going on from the one before it")
            file.path.unlink(missing_ok=True)
            return None

    @contextlib.contextmanager
    def _own_lock(self, asked_to_stop):
        path = self.folder / "lock"
        waiting = False
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(path, "a") as file:
                if try_lock(file, self.folder) and _is_at(file, path):
                    yield
                    return
            if not waiting:
                log(f"another process trains in {self.folder}; waiting for it")
                waiting = True
            if asked_to_stop():
                raise PreemptedError("asked to stop while waiting for another process's training")
            time.sleep(_POLL)


def _is_at(file, path):
    """Whether the open file is still the one at `path`, not one removed with its folder."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def model_arrays(arrays):
    """The network's own part of a state's arrays, by the names of its `state_dict`."""
    return {k.removeprefix("model/"): v for k, v in arrays.items() if k.startswith("model/")}
