"""Pictures that are damaged anywhere are refused before they stand in a page."""

import pytest
from geomem.errors import DamagedFileError
from geomem.storage.pictures import read_picture
from PIL import Image


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "figure.png"
    Image.radial_gradient("L").resize((12, 12)).save(path)
    return path


def test_a_picture_is_its_bytes(picture):
    assert read_picture(picture) == picture.read_bytes()


def test_every_altered_bit_is_noticed(picture):
    content = picture.read_bytes()
    for place in range(len(content)):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        picture.write_bytes(altered)
        with pytest.raises(DamagedFileError, match=r"figure\.png is damaged"):
            read_picture(picture)


def test_a_picture_that_is_cut_off_is_noticed(picture):
    content = picture.read_bytes()
    for length in range(len(content)):
        picture.write_bytes(content[:length])
        with pytest.raises(DamagedFileError, match=r"figure\.png is damaged"):
            read_picture(picture)


def test_another_type_is_noticed(picture):
    Image.new("L", (2, 2)).save(picture, "jpeg")
    with pytest.raises(DamagedFileError):
        read_picture(picture)
