"""Training from wherever it was left to wherever it is asked to go."""

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geomem.errors import InputError, PreemptedError
from geomem.models import build_model
from geomem.models.named import require_layers
from geomem.process import log
from geomem.training import portable
from geomem.training.defects import refuse_overwriting
from geomem.training.device import choose_device, compute_deterministically
from geomem.training.evaluate import KINDS, MEASURES, EvaluationSet, accuracy, evaluate_each
from geomem.training.key import content_key, determinants, note_use
from geomem.training.recipe import Recipe
from geomem.training.rehearsal import rehearse
from geomem.training.state import State, StateStore
from geomem.training.trainer import Trainer

_SAVE_SECONDS = 10  # at least so long between two states to go on from,
_SAVE_SHARE = 0.01  # and at most this fraction of the time spent on writing them
_LOG_SECONDS = 10  # between two log lines when nobody watches


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes
    ----------
    status : str
        "completed" or "diverged".
    history : ndarray of float64, shape (epochs + 1, kinds, measures)
    correct : ndarray of uint8, shape (epochs + 1, 2, bytes)
        Which training images were right, see `geomem.training.evaluate.correctness`.
    diverged_at : dict or None
        `epoch` (counted from 1, the one that did not complete) and `step` (from 0) of the first
        loss that was not finite. A step equal to the steps per epoch means that the loss was
        finite throughout but not when the network was evaluated.
    stopped_early : bool
        Whether the permuted accuracy ended it before the last epoch.
    """

    status: str
    history: np.ndarray
    correct: np.ndarray
    diverged_at: dict | None = None
    stopped_early: bool = False

    @property
    def epochs(self):
        """The last epoch reached."""
        return len(self.history) - 1

    @property
    def best_epoch(self):
        """The first epoch with the highest validation accuracy."""
        return best_epoch(self.history)


def best_epoch(history):
    """The first epoch with the highest validation accuracy in a history."""
    correct = [row[KINDS.index("validation"), MEASURES.index("correct")] for row in history]
    return int(np.argmax(correct))


class Training:
    """One training and its checkpoints.

    Parameters
    ----------
    spec : dict
        `model`, `width`, `seed`, `training` of the configuration.
    images : ImageSet
    targets : Targets
    cache : path
        Folder of all checkpoints; this training's lie in a folder of it named `key`.
    device : torch.device, optional
        Default: see `choose_device`.
    asked_to_stop : callable, optional
        Polled between steps; true means save and raise `PreemptedError`.

    Attributes
    ----------
    recipe : Recipe
    device : torch.device
    determinants : dict
    key : str
    store : StateStore
    parameters : int
        Numbers that training changes.
    """

    def __init__(self, spec, images, targets, *, cache, device=None, asked_to_stop=lambda: False):
        compute_deterministically()
        self.recipe = Recipe.read(portable.recipe_section(spec["training"]))
        self.device = choose_device() if device is None else device
        portable.verify(spec["training"], self.device)
        self._images, self._targets = images, targets
        self._seed, self._spec = spec["seed"], spec
        self._asked_to_stop = asked_to_stop
        self._model = build_model(
            spec["model"],
            spec["width"],
            n_classes=len(images.class_names),
            image_shape=images.train_images.shape[1:],
            seed=spec["seed"],
        )
        self.determinants = determinants(spec, self.recipe, images, targets, self.device)
        self.key = content_key(self.determinants)
        self.store = StateStore(Path(cache) / self.key)
        self.parameters = sum(p.numel() for p in self._model.parameters() if p.requires_grad)

    def rehearse(self, observed):
        """Raise InputError for what would fail later: wrong layer names, what training needs.

        Parameters
        ----------
        observed : dict of str to list of str
            Globs of layer names by the key of the configuration they stand in.
        """
        require_layers(self._model, observed)
        rehearse(
            self._spec["model"],
            self._spec["width"],
            self.recipe,
            n_classes=len(self._images.class_names),
            image_shape=self._images.train_images.shape[1:],
            device=self.device,
        )

    def complete(self, keep=()):
        """Train to the end, going on from the most advanced state there is.

        Parameters
        ----------
        keep : iterable of int
            Epochs whose state is kept, besides the first, the best and the last.

        Returns
        -------
        Outcome

        Raises
        ------
        PreemptedError
            If asked to stop; a state has been saved.
        """
        with self.store.locked(self._asked_to_stop):
            note_use(self.store.folder, self.determinants)
            state = self.store.newest()
            end = None if state is None else self._end(state.history)
            if end is None:
                return self._train(state, self.recipe.epochs, set(keep))
            return self._outcome(_History.of(state, end + 1))

    def state_after(self, epoch):
        """The state after an epoch: the saved one, or retrained from the nearest before it.

        Returns
        -------
        State

        Raises
        ------
        PreemptedError
            If asked to stop; a state has been saved.
        InputError
            If training diverges before that epoch.
        """
        with self.store.locked(self._asked_to_stop):
            note_use(self.store.folder, self.determinants)
            if (state := self.store.at(epoch)) is None:
                before = self.store.newest(up_to=(epoch, 0))
                start = "the start" if before is None else f"epoch {before.epoch}"
                log(f"no checkpoint of epoch {epoch} is there; training again from {start}")
                self._train(before, epoch, {epoch}, retraining=True)
                state = self.store.at(epoch)
            if state is None:
                raise InputError(f"epoch {epoch} is not reached: training diverges before it")
            return state

    def _train(self, state, last, keep, *, retraining=False):
        """Train from `state` (None: initialization) to the epoch `last` or an earlier end."""
        refuse_overwriting(self._model, self.device)
        images = EvaluationSet.of(self._images, self._targets, self.device)
        trainer = Trainer(self._model, self.recipe, images, self._seed)
        history = self._start(trainer, images, state)
        clock, progress = _SaveClock(), _Progress(trainer, last)
        while trainer.epoch < last:
            trainer.advance()
            stopping, completed = self._asked_to_stop(), trainer.step == 0
            due = stopping or clock.due()
            if (due or completed) and (bad := _first_bad(trainer.losses())) is not None:
                return self._diverged(history, bad)
            if completed:
                measurement, correct = self._evaluate(trainer, images)
                if not _finite(measurement):
                    return self._diverged(history, trainer.steps_per_epoch)
                history.append(measurement, correct)
                progress.report(measurement, self._targets)
                if self._reached(measurement) and not retraining:
                    last = trainer.epoch
            best = completed and not retraining and history.best_epoch == trainer.epoch
            if completed and (trainer.epoch in keep or trainer.epoch == last):
                role = "epoch"
            else:
                role = "best" if best else "resume" if due else None
            if role is not None:
                clock.timed(self.store.save, role, _state(trainer, history))
            if best:
                self.store.drop_best(but=trainer.epoch)
            if stopping and trainer.epoch < last:
                raise PreemptedError(
                    f"asked to stop after epoch {trainer.epoch}, step {trainer.step}; a "
                    "checkpoint is saved, run the same command to go on"
                )
        self.store.drop_resume(up_to=(last, 0))
        return self._outcome(history)

    def _start(self, trainer, images, state):
        """Bring the trainer to `state`, or save and measure its initialization; the history."""
        if state is not None:
            log(f"going on after epoch {state.epoch}, step {state.step}")
            trainer.restore(state.arrays, state.epoch, state.step)
            return _History.of(state)
        history = _History([], [])
        history.append(*self._evaluate(trainer, images))
        if not _finite(history.measurements[0]):
            raise InputError("model: its loss at initialization is not finite; nothing to train")
        self.store.save("epoch", _state(trainer, history))
        return history

    def _evaluate(self, trainer, images):
        return evaluate_each(trainer.model, images, precision=self.recipe.precision)

    def _reached(self, measurement):
        target = self.recipe.stop_at_permuted_accuracy
        return target is not None and accuracy(measurement, self._targets, "permuted") >= target

    def _end(self, history):
        """The epoch at which training with this history ends, or None if it goes further."""
        for epoch, measurement in enumerate(history):
            if epoch == self.recipe.epochs or (epoch and self._reached(measurement)):
                return epoch
        return None

    def _outcome(self, history):
        early = len(history) - 1 < self.recipe.epochs
        return Outcome("completed", *history.arrays(), stopped_early=early)

    def _diverged(self, history, step):
        log(f"diverged: the loss is not finite in epoch {len(history)}, step {step}")
        where = {"epoch": len(history), "step": step}
        return Outcome("diverged", *history.arrays(), diverged_at=where)


@dataclass
class _History:
    """Measurements and correctness at epoch 0 and after every epoch, a list each."""

    measurements: list
    correct: list

    @classmethod
    def of(cls, state, length=None):
        """Of a State, its first `length` epochs or all."""
        return cls(list(state.history[:length]), list(state.correct[:length]))

    def append(self, measurement, correct):
        self.measurements.append(measurement)
        self.correct.append(correct)

    def arrays(self):
        return np.array(self.measurements), np.array(self.correct)

    def __len__(self):
        return len(self.measurements)

    @property
    def best_epoch(self):
        return best_epoch(self.measurements)


def _state(trainer, history):
    return State(trainer.epoch, trainer.step, trainer.state(), *history.arrays())


def _first_bad(losses):
    """The first step whose loss is not finite, or None."""
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) if len(bad) else None


def _finite(measurement):
    """Whether the losses on training and test images are finite."""
    rows = [KINDS.index("train"), KINDS.index("test")]
    return bool(np.isfinite(measurement[rows, MEASURES.index("loss")]).all())


class _SaveClock:
    """When to write the next state to go on from."""

    def __init__(self):
        self._next = time.monotonic() + _SAVE_SECONDS

    def due(self):
        return time.monotonic() >= self._next

    def timed(self, save, *arguments):
        start = time.monotonic()
        save(*arguments)
        end = time.monotonic()
        self._next = end + max(_SAVE_SECONDS, (end - start) / _SAVE_SHARE)


class _Progress:
    """A log line for every epoch on a terminal, else every ten seconds and at the end."""

    def __init__(self, trainer, last):
        self._first, self._last = trainer.epoch, last
        self._trainer = trainer
        self._start = self._logged = time.monotonic()

    def report(self, measurement, targets):
        now, epoch = time.monotonic(), self._trainer.epoch
        if not sys.stderr.isatty() and epoch != self._last and now < self._logged + _LOG_SECONDS:
            return
        self._logged = now
        seconds = (now - self._start) / (epoch - self._first)
        shares = [
            f"{kind} {value:.3f}"
            for kind in KINDS
            if not math.isnan(value := accuracy(measurement, targets, kind))
        ]
        log(
            f"epoch {epoch}/{self._last}: loss {measurement[0, 1]:.4f}, accuracy "
            f"{', '.join(shares)}; {seconds:.2f} s/epoch, "
            f"{seconds * (self._last - epoch):.0f} s left"
        )
