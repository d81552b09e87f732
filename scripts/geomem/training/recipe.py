"""How a network is trained: optimizer, learning rate, batches, when to stop.

Importing this module does not import torch, so settings can be checked without it.
"""

import functools
import math
from dataclasses import asdict, dataclass, field

from geomem.errors import InputError
from geomem.functions import called, is_path

PRECISIONS = ("float32", "bfloat16", "float16")
_NEEDED = ...  # instead of a default
_OPTIMIZERS = {
    "sgd": {"lr": _NEEDED, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
    "adam": {"lr": _NEEDED, "weight_decay": 0.0},
    "adamw": {"lr": _NEEDED, "weight_decay": 0.0},
}
_SCHEDULES = {
    "constant": {},
    "step": {"milestones": _NEEDED, "gamma": _NEEDED},
    "cosine": {},
    "inverse-sqrt": {"every": 512},
}
_AUGMENTATION = {"crop": 0, "flip": False, "rotation": 0.0, "function": None}
LOSS = "cross-entropy"


@dataclass(frozen=True)
class Recipe:
    """The config's `training` section with every default filled in.

    Attributes
    ----------
    epochs : int
        Passes over the training images.
    batch_size : int
        Largest number of images per step.
    optimizer : dict
        `name` (sgd, adam, adamw), `lr`, `weight_decay` (on every parameter); for sgd `momentum`,
        `nesterov`. Or the import path of a function of the parameters that returns an optimizer,
        and its keywords, `lr` among them.
    schedule : dict
        `name` and the settings of `learning_rate`.
    augmentation : dict
        `crop` (pixels), `flip` (bool), `rotation` (degrees), and `function`: None or the import
        path of a function of a batch of normalized images that returns one.
    precision : str
        float32, bfloat16 or float16: of forward and backward passes; weights stay float32.
    stop_at_permuted_accuracy : float or None
        Stop after the first epoch at which the permuted accuracy has reached this.
    loss : str
        cross-entropy, or the import path of a function of (logits, labels).
    """

    epochs: int
    batch_size: int
    optimizer: dict
    schedule: dict = field(default_factory=lambda: {"name": "constant"})
    augmentation: dict = field(default_factory=lambda: dict(_AUGMENTATION))
    precision: str = "float32"
    stop_at_permuted_accuracy: float | None = None
    loss: str = LOSS

    @classmethod
    def read(cls, section):
        """From a `training` section.

        Raises
        ------
        InputError
            If a key is unknown, missing or has a value of no use.
        """
        # Which epochs are kept determines nothing about the weights.
        section = {key: value for key, value in section.items() if key != "snapshots"}
        names = cls.__dataclass_fields__
        for key in section:
            if key not in names:
                raise InputError(f"training.{key} is not known; expected {', '.join(names)}")
        for key in ("epochs", "batch_size", "optimizer"):
            if key not in section:
                raise InputError(f"training.{key} is missing; the training section must give it")
        for key in ("epochs", "batch_size"):
            _require(section, key, lambda x: _whole(x) and x >= 1, "a whole number of at least 1")
        _require(section, "precision", lambda x: x in PRECISIONS, " or ".join(PRECISIONS))
        _require(
            section,
            "stop_at_permuted_accuracy",
            lambda x: x is None or (_number(x) and 0 < x <= 1),
            "a fraction above 0 and at most 1, or null",
        )
        _require(section, "loss", lambda x: x == LOSS or is_path(x), f"{LOSS} or module:function")
        optimizer = section["optimizer"]
        if not is_path(optimizer.get("name")):
            optimizer = _section("optimizer", optimizer, _OPTIMIZERS)
        elif "lr" not in optimizer:
            raise InputError("training.optimizer.lr is missing; schedules start from it")
        _require(optimizer, "lr", lambda x: _number(x) and x > 0, "above 0", "optimizer.")
        schedule = _section("schedule", section.get("schedule", {"name": "constant"}), _SCHEDULES)
        return cls(
            **{
                **section,
                "optimizer": optimizer,
                "schedule": schedule,
                "augmentation": _filled(
                    "augmentation", section.get("augmentation", {}), _AUGMENTATION
                ),
            }
        )

    def determining(self):
        """The settings that determine the weights after a given epoch, as a dict.

        The number of epochs is one of them only for a schedule that depends on it: otherwise
        asking for more epochs goes on from the last.
        """
        settings = asdict(self)
        del settings["stop_at_permuted_accuracy"]
        if self.schedule["name"] != "cosine":
            del settings["epochs"]
        return settings

    def learning_rate(self, step, steps_per_epoch):
        """The learning rate at a step counted from 0 over the whole training.

        constant
            lr
        step
            lr gamma^m, m the number of `milestones` (epochs) already completed
        cosine
            lr (1 + cos(pi step / total steps)) / 2
        inverse-sqrt
            lr / sqrt(1 + floor(step / every)) (Nakkiran et al. 2019, with every = 512)
        """
        lr, schedule = self.optimizer["lr"], self.schedule
        match schedule["name"]:
            case "step":
                completed = step // steps_per_epoch
                passed = sum(milestone <= completed for milestone in schedule["milestones"])
                return lr * schedule["gamma"] ** passed
            case "cosine":
                return lr * (1 + math.cos(math.pi * step / (self.epochs * steps_per_epoch))) / 2
            case "inverse-sqrt":
                return lr / math.sqrt(1 + step // schedule["every"])
        return lr

    def make_optimizer(self, parameters):
        """The optimizer for these parameters: `Fused`, or the torch optimizer of the user's own."""
        name = self.optimizer["name"]
        settings = {key: value for key, value in self.optimizer.items() if key != "name"}
        if is_path(name):
            import torch

            made = called(name, parameters, **settings)
            if not isinstance(made, torch.optim.Optimizer):
                raise InputError(
                    f"training.optimizer.name: {name!r} returned {type(made).__name__}; expected a "
                    "torch.optim.Optimizer"
                )
            return made
        from geomem.training.optimizers import Fused

        return Fused(name, parameters, settings)

    def make_loss(self):
        """The loss as a function of logits (b, classes) and labels (b,), its mean over them."""
        from torch.nn import functional

        if not is_path(self.loss):
            return functional.cross_entropy
        return functools.partial(called, self.loss)

    def own_functions(self):
        """Import paths of the functions of the user's own that it names."""
        named = (self.optimizer["name"], self.augmentation["function"], self.loss)
        return [path for path in named if is_path(path)]


def _section(name, given, known):
    """Fill in the defaults of a section whose `name` decides which keys it has."""
    kind = given.get("name")
    if kind not in known:
        raise InputError(f"training.{name}.name is {kind!r}; expected one of {', '.join(known)}")
    rest = {key: value for key, value in given.items() if key != "name"}
    return {"name": kind, **_filled(name, rest, known[kind], f" of {kind}")}


def _filled(name, given, known, of=""):
    for key in given:
        if key not in known:
            listed = ", ".join(known) or "no further keys"
            raise InputError(f"training.{name}.{key} is not a setting{of}; expected {listed}")
    for key, default in known.items():
        if default is _NEEDED and key not in given:
            raise InputError(f"training.{name}.{key} is missing; it is needed{of}")
    return {**known, **given}


def _require(section, key, accepts, expected, at=""):
    if key in section and not accepts(section[key]):
        raise InputError(f"training.{at}{key} is {section[key]!r}; expected {expected}")


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
