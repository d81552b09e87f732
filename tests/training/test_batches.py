"""Order and augmentation as functions of (seed, epoch, index); what augmentation does."""

import numpy as np
import pytest
import torch
from geomem.training.batches import (
    Augmentation,
    AugmentedImages,
    Normalizer,
    epoch_batches,
    resident,
    step_seeds,
)
from hypothesis import given, settings
from hypothesis import strategies as st

CPU = torch.device("cpu")
IDENTITY = Normalizer((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def pictures(n=6, channels=3, size=8, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(1, 256, (n, channels, size, size), dtype=np.uint8)


def augmented(images, **settings):
    return AugmentedImages(resident(images, CPU), IDENTITY, Augmentation(**settings))


def test_the_normalizer_gives_mean_0_and_deviation_1_per_channel():
    images = pictures(n=2500)  # more than one chunk
    images[:, 1] //= 3
    normalizer = Normalizer.fit(images)
    found = normalizer(resident(images, CPU)).double()
    assert found.mean(dim=(0, 2, 3)).numpy() == pytest.approx(0, abs=1e-5)
    assert found.std(dim=(0, 2, 3), correction=0).numpy() == pytest.approx(1, abs=1e-5)
    flat = images.astype(float)
    assert normalizer.mean == pytest.approx(flat.mean(axis=(0, 2, 3)), rel=1e-12)
    assert normalizer.std == pytest.approx(flat.std(axis=(0, 2, 3)), rel=1e-12)


def test_a_constant_channel_becomes_zero():
    images = pictures()
    images[:, 2] = 7
    found = Normalizer.fit(images)(resident(images, CPU))
    assert torch.isfinite(found).all()
    assert (found[:, 2] == 0).all()


@given(n=st.integers(1, 300), size=st.integers(1, 64), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_an_epoch_has_every_image_once_in_batches_of_nearly_one_size(n, size, seed):
    batches = epoch_batches(n, size, seed, epoch=3)
    assert sorted(np.concatenate(batches)) == list(range(n))
    sizes = {len(batch) for batch in batches}
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1


def test_order_and_seeds_depend_on_seed_and_epoch_alone():
    def drawn(seed, epoch):
        return np.concatenate(epoch_batches(50, 7, seed, epoch)).tolist(), step_seeds(
            4, seed, epoch
        )

    first = drawn(1, 2)
    np.random.seed(5)
    torch.manual_seed(5)
    assert drawn(1, 2) == first
    for other in (drawn(1, 3), drawn(2, 2), drawn(2, 1)):
        assert other[0] != first[0]
        assert other[1] != first[1]


def test_an_images_augmentation_depends_on_seed_epoch_and_index_alone():
    many = augmented(pictures(n=9), crop=2, flip=True, rotation=10)
    few = augmented(pictures(n=5), crop=2, flip=True, rotation=10)
    drawn, fewer = many.draw(1, 2), few.draw(1, 2)
    for name in drawn:
        assert torch.equal(drawn[name][:5], fewer[name])
    together = many.batch(torch.arange(9), drawn)
    apart = many.batch(torch.tensor([4, 1]), drawn)
    assert torch.equal(apart, together[[4, 1]])
    assert not torch.equal(together, many.batch(torch.arange(9), many.draw(1, 3)))


def test_without_augmentation_batches_are_the_images():
    images = pictures()
    plain = augmented(images)
    assert plain.draw(0, 0) is None
    index = torch.tensor([3, 0])
    assert np.array_equal(plain.batch(index).numpy(), images[[3, 0]])


def test_cropping_shifts_the_image_and_brings_in_black():
    images = pictures(n=200)
    source = augmented(images, crop=2)
    drawn = source.draw(0, 0)
    found = source.batch(torch.arange(200), drawn).numpy()
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    shifts = list(zip(drawn["down"].tolist(), drawn["right"].tolist(), strict=True))
    for i, (down, right) in enumerate(shifts):
        assert np.array_equal(found[i], padded[i, :, down : down + 8, right : right + 8])
    assert len(set(shifts)) == 25


def test_flipping_mirrors_about_half_of_the_images():
    images = pictures(n=400)
    source = augmented(images, flip=True)
    found = source.batch(torch.arange(400), source.draw(0, 0)).numpy()
    kept = (found == images).all(axis=(1, 2, 3))
    mirrored = (found == images[..., ::-1]).all(axis=(1, 2, 3))
    assert (kept ^ mirrored).all()
    assert 160 < mirrored.sum() < 240


@pytest.mark.parametrize(("height", "width"), [(9, 9), (8, 8), (7, 11)])
def test_rotation_by_the_drawn_angle_maps_points_as_a_rotation_does(height, width):
    # A linear ramp stays a linear ramp, turned: rotation keeps lengths whatever the shape.
    rows, columns = np.mgrid[:height, :width].astype(float)
    rows -= (height - 1) / 2
    columns -= (width - 1) / 2
    ramps = np.stack([128 + 8 * rows, 128 + 8 * columns, np.full_like(rows, 128)])
    images = np.repeat(ramps[None].astype(np.uint8), 8, axis=0)
    source = augmented(images, rotation=20)
    drawn = source.draw(0, 0)
    found = source.batch(torch.arange(8), drawn).numpy()
    near = np.hypot(rows, columns) <= 2
    exact = images[0].astype(float)
    for i, angle in enumerate(drawn["angle"].tolist()):
        cos, sin = np.cos(angle), np.sin(angle)
        turned_rows = sin * columns + cos * rows
        turned_columns = cos * columns - sin * rows
        offset = exact[0][near].mean()
        assert found[i, 0][near] == pytest.approx(offset + 8 * turned_rows[near], abs=0.6)
        assert found[i, 1][near] == pytest.approx(
            exact[1][near].mean() + 8 * turned_columns[near], abs=0.6
        )
        assert abs(np.rad2deg(angle)) <= 20
    assert drawn["angle"].std() > 0.05


def test_rotation_by_nothing_changes_nothing():
    images = pictures()
    source = augmented(images, rotation=30)
    drawn = source.draw(0, 0)
    drawn["angle"].zero_()
    found = source.batch(torch.arange(len(images)), drawn).numpy()
    np.testing.assert_allclose(found, images, atol=1e-3)


@pytest.mark.parametrize("chosen", [{}, {"crop": 2}, {"flip": True}, {"crop": 1, "rotation": 5.0}])
def test_batches_are_channels_last_float32(chosen):
    source = augmented(pictures(), **chosen)
    batch = source.batch(torch.arange(4), source.draw(0, 0))
    assert batch.dtype == torch.float32
    assert batch.is_contiguous(memory_format=torch.channels_last)
