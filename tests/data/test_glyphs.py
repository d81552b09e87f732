import numpy as np
import pytest
from geomem.data import glyphs
from geomem.data.glyphs import CHARACTERS, FACES, SIZES, make_glyphs
from geomem.errors import InputError
from geomem.registry.datasets import DATASETS


def test_shapes_types_and_order():
    images = make_glyphs(classes=5, train_per_class=3, test_per_class=2, seed=1)
    assert images.train_images.shape == (15, 1, 32, 32)
    assert images.test_images.shape == (10, 1, 32, 32)
    assert images.train_images.dtype == np.uint8
    assert images.train_labels.tolist() == sorted([0, 1, 2, 3, 4] * 3)
    assert images.train_labels.dtype == np.int64
    assert images.class_names.tolist() == list("12345")


def test_asking_for_more_leaves_earlier_images_unchanged():
    few = make_glyphs(classes=3, train_per_class=4, test_per_class=2)
    many = make_glyphs(classes=5, train_per_class=7, test_per_class=3)
    by_class = many.train_images.reshape(5, 7, 32, 32)
    assert np.array_equal(few.train_images.reshape(3, 4, 32, 32), by_class[:3, :4])
    by_class = many.test_images.reshape(5, 3, 32, 32)
    assert np.array_equal(few.test_images.reshape(3, 2, 32, 32), by_class[:3, :2])


def test_smaller_images_are_means_over_squares():
    full = make_glyphs(classes=2, train_per_class=3, test_per_class=2)
    small = make_glyphs(classes=2, train_per_class=3, test_per_class=2, size=16)
    assert small.train_images.shape == (6, 1, 16, 16) and small.train_images.dtype == np.uint8
    square = full.test_images[3, 0, 10:12, 4:6].astype(float).mean()
    assert small.test_images[3, 0, 5, 2] == np.rint(square)
    assert np.array_equal(small.train_labels, full.train_labels)
    assert DATASETS["glyphs"].keys["size"]["enum"] == list(SIZES)


def test_distortion_moves_characters_and_nothing_else():
    quiet = {"classes": 3, "train_per_class": 6, "test_per_class": 1}
    full, half, none = (make_glyphs(**quiet, distortion=d) for d in (1, 0.5, 0))
    assert full.fingerprint == make_glyphs(**quiet).fingerprint
    assert len({full.fingerprint, half.fingerprint, none.fingerprint}) == 3
    corner = full.train_images[:, 0, :2, :2].astype(int)  # without ink, nor a line, in most images
    same = [np.mean(np.all(x.train_images[:, 0, :2, :2] == corner, (1, 2))) for x in (half, none)]
    assert min(same) > 0.6

    def heights(distortion):
        """The centre of the ink, down the image."""
        drawn = [glyphs.draw_glyph("A", np.random.default_rng(i), distortion) for i in range(60)]
        ink = np.array([np.abs(image - np.median(image)) for image in drawn])
        return (ink * np.arange(32)[:, None]).sum((1, 2)) / ink.sum((1, 2))

    assert heights(0).std() < 0.5 * heights(1).std()


def test_seed_and_split_change_every_image():
    one = make_glyphs(classes=2, train_per_class=5, test_per_class=5, seed=0)
    other = make_glyphs(classes=2, train_per_class=5, test_per_class=5, seed=1)
    everything = [*one.train_images, *one.test_images, *other.train_images, *other.test_images]
    assert len({image.tobytes() for image in everything}) == 40
    assert (
        one.fingerprint == make_glyphs(classes=2, train_per_class=5, test_per_class=5).fingerprint
    )
    assert one.fingerprint != other.fingerprint


def test_every_character_is_drawn_apart_in_every_face():
    assert len(CHARACTERS) == len(set(CHARACTERS)) >= 100
    for face in FACES:
        drawn = {c: glyphs._character(c, face) for c in CHARACTERS}
        assert min(image.max() for image in drawn.values()) > 200
        # a character the font lacks is drawn as its box for "missing", the same for all
        assert len({image.tobytes() for image in drawn.values()}) == len(CHARACTERS)
        missing = glyphs._character("\ufffe", face).tobytes()
        assert missing not in {image.tobytes() for image in drawn.values()}
        # nothing is cut off at the edge of the canvas
        for image in drawn.values():
            assert not image[[0, -1]].any() and not image[:, [0, -1]].any()


def test_classes_can_be_told_apart():
    """A linear classifier on pixels finds the class of unseen images far above chance."""
    images = make_glyphs(classes=10, train_per_class=60, test_per_class=20)

    def design(pixels):
        flat = pixels.reshape(len(pixels), -1) / 255.0
        flat = np.abs(flat - np.median(flat, axis=1, keepdims=True))  # ink, dark or light
        return np.hstack([flat, np.ones((len(flat), 1))])

    inputs, targets = design(images.train_images), np.eye(10)[images.train_labels]
    ridge = inputs.T @ inputs + 30 * np.eye(inputs.shape[1])
    weights = np.linalg.solve(ridge, inputs.T @ targets)
    predicted = (design(images.test_images) @ weights).argmax(axis=1)
    assert np.mean(predicted == images.test_labels) > 0.3


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"classes": 1}, "data.classes is 1"),
        ({"classes": 10_000}, "data.classes is 10000"),
        ({"classes": 2.5}, "data.classes is 2.5"),
        ({"train_per_class": 0}, "data.train_per_class is 0"),
        ({"test_per_class": True}, "data.test_per_class is True"),
        ({"classes": 2, "seed": -1}, "seed -1"),
        ({"size": 12}, "data.size is 12; expected one of 8, 16, 32"),
        ({"distortion": 1.5}, "data.distortion is 1.5; expected a number from 0 to 1"),
        ({"distortion": True}, "data.distortion is True"),
    ],
)
def test_numbers_out_of_range(settings, named):
    with pytest.raises(InputError, match=named):
        make_glyphs(**settings)
