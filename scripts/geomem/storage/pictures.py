"""Figures as files: PNG, whose parts have checksums."""

import io
import json
from pathlib import Path

from geomem.storage.atomic import damaged

_END = b"\0\0\0\0IEND\xaeB`\x82"  # the last part, which Pillow does not look into


def read_picture(path):
    """The bytes of a PNG file.

    Raises
    ------
    DamagedFileError
        If a checksum does not hold, or the file is cut off.
    """
    from PIL import Image

    content = Path(path).read_bytes()
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            picture.verify()
    except (OSError, ValueError, SyntaxError) as error:  # the last is Pillow's for a broken PNG
        raise damaged(path, error) from error
    if not content.endswith(_END):
        raise damaged(path, "its end is missing or altered")
    return content


def picture_provenance(path):
    """The provenance that a PNG file carries."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return json.loads(picture.text["provenance"])
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise damaged(path, error) from error
