"""One network being trained: its weights, its optimizer, and the next step.

Every step is a function of the state before it and of (seed, epoch, step). So a state written
between any two steps and read back goes on to the same bits.
"""

from dataclasses import dataclass

import numpy as np
import torch

from geomem.errors import InputError
from geomem.functions import called
from geomem.models import in_format, placed
from geomem.training.batches import Augmentation, AugmentedImages, epoch_batches, step_seeds
from geomem.training.device import autocast
from geomem.training.state import model_arrays


@dataclass(frozen=True)
class _Epoch:
    """What is drawn for one epoch: batches of indices, augmentation, seeds, a loss per step."""

    number: int
    batches: tuple[torch.Tensor, ...]
    augmentation: dict | None
    seeds: list[int]
    losses: torch.Tensor


class Trainer:
    """A network, its optimizer and its position in the training.

    Parameters
    ----------
    model : nn.Module
        As initialized; moved to the images' device.
    recipe : Recipe
    images : EvaluationSet
        Its training images, assigned labels and normalizer are used.
    seed : int

    Attributes
    ----------
    model : nn.Module
    epoch : int
        Completed epochs.
    step : int
        Steps taken since.
    steps_per_epoch : int
    """

    def __init__(self, model, recipe, images, seed):
        device = images.train_images.device
        if recipe.precision == "float16" and device.type == "cpu":
            raise InputError(
                "training.precision is 'float16', which needs a GPU; give float32 or bfloat16"
            )
        self.model = placed(model, device).train()
        self.epoch = self.step = 0
        self._device = device
        self._recipe = recipe
        self._seed = seed
        self._labels = torch.tensor(images.targets.assigned, device=device)
        augmentation = dict(recipe.augmentation)
        self._augment = augmentation.pop("function")
        self._loss = recipe.make_loss()
        self._images = AugmentedImages(
            images.train_images, images.normalizer, Augmentation(**augmentation)
        )
        self.steps_per_epoch = -(-len(self._labels) // recipe.batch_size)
        self._parameters = [p for p in self.model.parameters() if p.requires_grad]
        self._optimizer = recipe.make_optimizer(self._parameters)
        self._scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "float16")
        self._drawn = None

    def advance(self):
        """Take one step; after the last step of an epoch, `epoch` is one higher and `step` 0."""
        drawn = self._draw_epoch()
        index = drawn.batches[self.step]
        torch.manual_seed(drawn.seeds[self.step])  # for dropout, and a user's augmentation
        rate = self._recipe.learning_rate(
            self.epoch * self.steps_per_epoch + self.step, self.steps_per_epoch
        )
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        images = self._images.batch(index, drawn.augmentation)
        if self._augment:
            images = _augmented(self._augment, images)
        images = in_format(self.model, images)
        with autocast(self._device, self._recipe.precision):
            loss = self._loss(self.model(images), self._labels[index])
        if loss.shape != ():
            raise InputError(
                f"training.loss: {self._recipe.loss!r} returned shape {tuple(loss.shape)}; "
                "expected one number, the mean over the batch"
            )
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()
        drawn.losses[self.step] = loss.detach()  # not read here: that would wait for the device
        self.step += 1
        if self.step == self.steps_per_epoch:
            self.epoch, self.step = self.epoch + 1, 0

    def losses(self):
        """The training loss at every step since the epoch began or the state was read.

        Returns
        -------
        ndarray of float32, shape (steps_per_epoch,)
            Of the present epoch, or of the one just completed; NaN-free zeros elsewhere.
        """
        return self._drawn.losses.cpu().numpy()

    def state(self):
        """Everything the next step depends on besides (seed, epoch, step): dict of ndarray."""
        tensors = {f"model/{k}": v for k, v in self.model.state_dict().items()}
        for position, values in self._optimizer.state_dict()["state"].items():
            for name, value in values.items():
                if not (value is None or isinstance(value, torch.Tensor)):
                    raise InputError(
                        f"training.optimizer: its state holds {name}, a {type(value).__name__}; "
                        "only tensors can be saved, so make it one"
                    )
            tensors |= {f"optimizer/{position}/{k}": v for k, v in values.items() if v is not None}
        arrays = {k: v.detach().cpu().contiguous().numpy() for k, v in tensors.items()}
        scaler = self._scaler.state_dict()
        if scaler:
            arrays["scaler"] = np.array([scaler["scale"], scaler["_growth_tracker"]])
        return arrays

    def restore(self, arrays, epoch, step):
        """Take over what `state` returned at (epoch, step)."""
        weights = {k: torch.from_numpy(v) for k, v in model_arrays(arrays).items()}
        self.model.load_state_dict(weights)
        self._restore_optimizer(arrays)
        self.epoch, self.step, self._drawn = epoch, step, None

    def _restore_optimizer(self, arrays):
        state = {}
        for name, array in arrays.items():
            if name.startswith("optimizer/"):
                _, position, key = name.split("/")
                state.setdefault(int(position), {})[key] = self._like(int(position), array)
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})
        if "scaler" in arrays:
            scale, tracker = arrays["scaler"].tolist()
            self._scaler.load_state_dict(
                {**self._scaler.state_dict(), "scale": scale, "_growth_tracker": int(tracker)}
            )

    def _like(self, position, array):
        """A tensor in the memory order of the parameter it belongs to, if it has its shape."""
        parameter, tensor = self._parameters[position], torch.from_numpy(array.copy())
        if tensor.shape != parameter.shape:
            return tensor
        return torch.empty_like(parameter, requires_grad=False).copy_(tensor)

    def _draw_epoch(self):
        if self._drawn is None or self._drawn.number != self.epoch:
            size, seed, epoch = self._recipe.batch_size, self._seed, self.epoch
            indices = epoch_batches(len(self._labels), size, seed, epoch)
            order = torch.from_numpy(np.concatenate(indices)).to(self._device)
            self._drawn = _Epoch(
                number=epoch,
                batches=order.split([len(index) for index in indices]),
                augmentation=self._images.draw(seed, epoch),
                seeds=step_seeds(len(indices), seed, epoch),
                losses=torch.zeros(len(indices), device=self._device),
            )
        return self._drawn


def _augmented(path, images):
    """Images after the user's own augmentation, of the same shape."""
    changed = called(path, images)
    if getattr(changed, "shape", None) != images.shape:
        raise InputError(
            f"training.augmentation.function: {path!r} returned "
            f"{getattr(changed, 'shape', type(changed).__name__)} for images of shape "
            f"{tuple(images.shape)}; expected the same shape"
        )
    return changed
