import dataclasses

import numpy as np
import pytest
from geomem.data.image_sets import ImageSet, checked, first_per_class, load_images, save_images
from geomem.data.sources import make_images
from geomem.errors import DamagedFileError, InputError


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return ImageSet(
        rng.integers(256, size=(6, 3, 4, 4), dtype=np.uint8),
        np.array([0, 0, 1, 1, 2, 2]),
        rng.integers(256, size=(3, 3, 4, 4), dtype=np.uint8),
        np.array([0, 1, 2]),
        np.array(["a", "ü", "c d"]),
    )


def test_written_and_read_back(images, tmp_path):
    save_images(tmp_path / "images.npz", images, {"stage": "test"})
    again = load_images(tmp_path / "images.npz")
    for field in dataclasses.fields(ImageSet):
        assert np.array_equal(getattr(again, field.name), getattr(images, field.name))
    assert again.fingerprint == images.fingerprint


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(ImageSet)])
def test_fingerprint_covers_every_field(images, field):
    changed = getattr(images, field)
    changed = np.arange(2.0).reshape(2, 1) if changed is None else changed.copy()
    changed[0] = changed[1]
    if field == "train_labels":
        changed[0] = 2
    assert dataclasses.replace(images, **{field: changed}).fingerprint != images.fingerprint


def test_altered_file_is_found_out(images, tmp_path):
    path = tmp_path / "images.npz"
    save_images(path, images, {})
    content = bytearray(path.read_bytes())
    where = content.find(images.train_images.tobytes())
    content[where] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="is damaged"):
        load_images(path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"class_names": np.array(["a"])}, "found 1 class"),
        ({"class_names": np.array(["a", "b", "a"])}, "2 classes are called 'a'"),
        ({"train_labels": np.array([0, 0, 1, 1, 2, 3])}, "train labels hold 3"),
        ({"test_labels": np.array([0, -1, 2])}, "test labels hold -1"),
        ({"test_labels": np.array([0, 2, 2])}, "class ü .1. has no test image"),
        ({"train_labels": np.zeros(5, int)}, "one label for each image"),
        ({"test_images": np.zeros((3, 3, 5, 5), np.uint8)}, "the test images are uint8"),
        ({"train_images": np.zeros((6, 3, 4, 4))}, "the train images are float64"),
        ({"train_images": np.zeros((6, 5, 5, 3), np.uint8)}, "has the channels last"),
    ],
)
def test_unusable_sets_are_named(images, change, named):
    assert checked(images, "here") is images
    with pytest.raises(InputError, match=f"here: .*{named}"):
        checked(dataclasses.replace(images, **change), "here")


def test_first_per_class():
    labels = [1, 0, 1, 0, 1]
    assert first_per_class(labels, 2, "x").tolist() == [0, 1, 2, 3]
    assert first_per_class(labels, None, "x").tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(InputError, match=r"class 0 of x has only 2.*set it to 2"):
        first_per_class(labels, 3, "x")
    with pytest.raises(InputError, match="train_per_class is 0"):
        first_per_class(labels, 0, "x")


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ({}, "data.name is None"),
        ({"name": "mnist"}, "data.name is 'mnist'; expected one of glyphs"),
        ({"name": "glyphs", "classses": 3}, "data.classses is not a setting of glyphs"),
        ({"name": "image-folder"}, "data.path is missing"),
        ({"name": "cifar10", "size": 32}, "data.size is not a setting of cifar10"),
    ],
)
def test_unknown_settings(spec, named):
    with pytest.raises(InputError, match=named):
        make_images(spec)


def test_sources_by_name():
    images = make_images({"name": "glyphs", "classes": 2, "train_per_class": 1})
    assert images.n_classes == 2
