"""Images on the device: normalized, shuffled and augmented in whole batches.

The order of an epoch is a function of (seed, epoch) and an image's augmentation of
(seed, epoch, index). Neither depends on earlier draws, so a resumed run needs no random state.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

_CHUNK = 1000  # images per pass when pixels are summed
_ORDER, _AUGMENTATION, _STEP = range(3)  # what a stream of random numbers is for


def resident(images, device):
    """Put images on a device as uint8 in channels-last order.

    Parameters
    ----------
    images : ndarray or Tensor of uint8, shape (n, C, H, W)
    device : torch.device

    Returns
    -------
    Tensor of uint8, shape (n, C, H, W), memory in the order (n, H, W, C).
    """
    if isinstance(images, np.ndarray):
        images = torch.from_numpy(np.require(images, requirements="W"))  # torch wants it so
    return images.to(device).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Normalizer:
    """Subtracts each channel's mean and divides by its standard deviation.

    Attributes
    ----------
    mean, std : tuple of float, length C
        Over the pixels of all training images, on the scale 0 to 255; `std` is 1 for a channel
        that is constant.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, images):
        """From uint8 training images (n, C, H, W), with exact integer sums."""
        images = np.asarray(images)
        total = np.zeros(images.shape[1], dtype=np.int64)
        squares = np.zeros(images.shape[1], dtype=np.int64)
        for start in range(0, len(images), _CHUNK):
            chunk = images[start : start + _CHUNK]
            total += chunk.sum(axis=(0, 2, 3), dtype=np.int64)
            squares += (chunk.astype(np.uint16) ** 2).sum(axis=(0, 2, 3), dtype=np.int64)
        count = images.size // images.shape[1]
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
        return cls(tuple(mean.tolist()), tuple(np.where(std > 1e-6, std, 1.0).tolist()))

    @classmethod
    def of(cls, images):
        """That of an ImageSet: the one it names, or that of its training images."""
        if images.normalization is None:
            return cls.fit(images.train_images)
        return cls(*(tuple(each) for each in images.normalization.tolist()))

    def __call__(self, images):
        """Normalize images (n, C, H, W), uint8 or float on the scale 0 to 255, to float32.

        The result is on the images' device and keeps their memory order.
        """
        mean, scale = self._tensors(images.device)
        return (images - mean).mul_(scale)

    def _tensors(self, device):
        mean = torch.tensor(self.mean, dtype=torch.float32).reshape(1, -1, 1, 1)
        std = torch.tensor(self.std, dtype=torch.float32).reshape(1, -1, 1, 1)
        return mean.to(device), (1.0 / std).to(device)


@dataclass(frozen=True)
class Augmentation:
    """Random changes to each training image.

    Attributes
    ----------
    crop : int
        Pixels: each image is shifted by up to this many in each direction, black coming in.
    flip : bool
        Whether half of the images are mirrored left to right.
    rotation : float
        Degrees: each image is turned by up to this angle either way, black coming in.
    """

    crop: int = 0
    flip: bool = False
    rotation: float = 0.0

    @property
    def active(self):
        """Whether it changes anything."""
        return bool(self.crop or self.flip or self.rotation)


def stream(seed, epoch, purpose):
    """A numpy Generator that depends on (seed, epoch, purpose) alone."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch, purpose])))


def epoch_batches(n, batch_size, seed, epoch):
    """The indices of each batch of an epoch.

    The images are shuffled and split into ceil(n / batch_size) batches whose sizes differ by
    at most one, so no batch is ever tiny.

    Returns
    -------
    list of ndarray of int64
    """
    order = stream(seed, epoch, _ORDER).permutation(n)
    return np.array_split(order, -(-n // batch_size))


def step_seeds(n_steps, seed, epoch):
    """A seed for torch's own random numbers (dropout) at each step of an epoch."""
    return stream(seed, epoch, _STEP).integers(2**63, size=n_steps).tolist()


class AugmentedImages:
    """Training images on a device, handed out by index as normalized, augmented batches.

    Parameters
    ----------
    images : Tensor of uint8, shape (n, C, H, W)
        As `resident` returns them.
    normalizer : Normalizer
    augmentation : Augmentation
    """

    def __init__(self, images, normalizer, augmentation):
        self._augmentation = augmentation
        self._shape = images.shape
        rows = images.permute(0, 2, 3, 1)
        if augmentation.crop:
            pad = augmentation.crop
            rows = functional.pad(rows, (0, 0, pad, pad, pad, pad))
        self._rows = rows  # (n, H + 2 crop, W + 2 crop, C), contiguous
        self._mean, self._scale = normalizer._tensors(images.device)

    def draw(self, seed, epoch):
        """Draw the augmentation of every image for an epoch; None if there is none.

        Returns
        -------
        dict of Tensor, length n each: `down`, `right` (0 to 2 crop), `flip`, `angle` (radians).
        Entry i depends on (seed, epoch, i) alone, not on the number of images.
        """
        augmentation = self._augmentation
        if not augmentation.active:
            return None
        uniform = stream(seed, epoch, _AUGMENTATION).random((self._shape[0], 4))
        down, right, flip, angle = torch.from_numpy(uniform).to(self._rows.device).unbind(1)
        positions = 2 * augmentation.crop + 1
        return {
            "down": (down * positions).long(),
            "right": (right * positions).long(),
            "flip": flip < 0.5,
            "angle": torch.deg2rad((2 * angle - 1) * augmentation.rotation).float(),
        }

    def batch(self, index, drawn=None):
        """Normalized images (b, C, H, W), float32 and channels-last.

        Parameters
        ----------
        index : Tensor of int64, shape (b,)
            On the images' device.
        drawn : dict, optional
            What `draw` returned for this epoch.
        """
        if drawn is None:
            return self._normalize(self._rows.index_select(0, index).permute(0, 3, 1, 2))
        drawn = {name: values[index] for name, values in drawn.items()}
        images = self._shifted(index, drawn["down"], drawn["right"])
        if self._augmentation.flip:
            images = torch.where(drawn["flip"].reshape(-1, 1, 1, 1), images.flip(2), images)
        images = images.permute(0, 3, 1, 2)
        if self._augmentation.rotation:
            images = _rotated(images.float(), drawn["angle"])
        return self._normalize(images)

    def _normalize(self, images):
        return (images - self._mean).mul_(self._scale)

    def _shifted(self, index, down, right):
        if not self._augmentation.crop:
            return self._rows.index_select(0, index)
        n, channels, height, width = self._shape
        positions = 2 * self._augmentation.crop + 1
        s_image, s_row, s_column, s_channel = self._rows.stride()
        windows = self._rows.as_strided(
            (n, positions, positions, height, width, channels),
            (s_image, s_row, s_column, s_row, s_column, s_channel),
        )
        return windows[index, down, right]


def _rotated(images, angle):
    """Turn float images (b, C, H, W) by `angle` (b,) radians about their centres."""
    height, width = images.shape[2:]
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # affine_grid's coordinates run from -1 to 1 along both sides whatever their lengths
    first = torch.stack([cos, -sin * height / width, zero], dim=1)
    second = torch.stack([sin * width / height, cos, zero], dim=1)
    grid = functional.affine_grid(
        torch.stack([first, second], dim=1), list(images.shape), align_corners=False
    )
    turned = functional.grid_sample(images, grid, mode="bilinear", align_corners=False)
    return turned.contiguous(memory_format=torch.channels_last)
