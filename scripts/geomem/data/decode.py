"""One image file as an array, by one rule for each of Pillow's modes (the table of docs/data.md).

Grey images are 8 bits deep, or deeper (then `shallow` scales all of a data set alike); all others
become 8-bit colour. Transparent pixels are composed on white. The first frame counts.
"""

import contextlib
import warnings
from dataclasses import dataclass

import numpy as np

from geomem.errors import InputError

BACKGROUND = 255  # white, as viewers and browsers show what is transparent

# Pillow's modes by what becomes of them; modes not named here are refused.
GREY = ("1", "L", "LA", "La")
DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation: Pillow's Transpose
_ORIENTATION = 0x0112
_PHOTOMETRIC, _SAMPLES, _SIGNED = 262, 339, 2  # tags of TIFF, and a value of the second
_EXACT = 2**24  # up to which single precision, in which deep images are resized, is exact


@dataclass(frozen=True)
class Decoded:
    """What a file holds.

    Attributes
    ----------
    pixels : ndarray
        (H, W) grey, of uint8 or, if `deep`, of int64; or (H, W, 3) colour, of uint8.
    deep : bool
        Whether it is grey of more than 8 bits.
    halved : bool
        Whether it is colour of 16 bits, of which Pillow keeps the upper 8.
    frames : bool
        Whether more frames follow the one that was read.
    turned : bool or None
        Whether EXIF says that it is turned; None if EXIF cannot be read.
    """

    pixels: np.ndarray
    deep: bool
    halved: bool
    frames: bool
    turned: bool | None


def decode(file, size=None):
    """Read one image file.

    Parameters
    ----------
    file : path
    size : int, optional
        Side in pixels to scale to, after cropping to a square around the centre.

    Returns
    -------
    Decoded

    Raises
    ------
    InputError
        If the file is missing, is not a whole image, or of a mode that is not read.
    """
    from PIL import Image, ImageOps

    try:
        # Of a file object, since Pillow maps a turned TIFF into memory by the wrong width.
        with _quiet(), open(file, "rb") as stream, Image.open(stream) as opened:
            stored = str([tile[3] for tile in opened.tile])
            halved = ";16" in stored and opened.mode not in DEEP
            _refuse_misread(opened, stored, file)
            opened.load()
            turn = _turn(opened)
            frames = bool(getattr(opened, "is_animated", False))
            image = _plain(opened, file)
            if turn is not None:
                image = image.transpose(Image.Transpose(turn)) if turn >= 0 else image
            if size is not None and image.size != (size, size):
                image = ImageOps.fit(image, (size, size), method=Image.Resampling.BILINEAR)
            pixels = np.asarray(image)
    except FileNotFoundError:
        raise InputError(f"{file} does not exist, though it is listed; restore it") from None
    except (InputError, MemoryError):
        raise
    except Exception as error:  # a damaged file makes decoders raise nearly anything
        raise InputError(
            f"{file} cannot be read as an image ({error}); expected a whole image file: replace "
            "or remove it"
        ) from error
    deep = pixels.dtype != np.uint8
    pixels = np.rint(pixels).astype(np.int64) if deep else pixels
    return Decoded(pixels, deep, halved, frames, None if turn is None else turn >= 0)


@contextlib.contextmanager
def _quiet():
    """Without Python's warnings of damaged EXIF and the like, which name no file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def shallow(images):
    """Grey images of more than 8 bits as uint8, all divided by the same power of two.

    That keeps the ratios between images. The divisor leaves 8 of the bits that the largest value
    needs: 256 where 16 bits are used, 16 where 12 are, 1 for values up to 255.

    Parameters
    ----------
    images : list of ndarray of int64

    Returns
    -------
    list of ndarray of uint8, and int
        The bits that the largest value needs, at least 8.
    """
    bits = max(8, *(int(image.max()).bit_length() for image in images))
    return [(image >> (bits - 8)).astype(np.uint8) for image in images], bits


def _refuse_misread(image, stored, file):
    """Raise InputError where Pillow reads other values than a file means (Pillow 13)."""
    narrow = any(bits in stored for bits in (";2", ";4", ";16"))
    if "transparency" in image.info and image.mode not in ("P", "PA") and narrow:
        what = "has a transparent colour and pixels of another depth than 8 bits"
    elif image.mode in DEEP and _tag(image, _PHOTOMETRIC) == 0:
        what = "stores white as 0 in more than 8 bits"
    elif image.mode not in (*DEEP, "F") and _SIGNED in np.ravel(_tag(image, _SAMPLES)):
        what = "holds signed pixels of 8 bits"
    else:
        return
    raise InputError(f"{file} {what}, which is not read; convert it to unsigned 8 bits")


def _tag(image, number):
    """A tag of a TIFF file; None in other files and where it is missing."""
    return image.tag_v2.get(number) if image.format == "TIFF" else None


def _turn(image):
    """Number of Pillow's Transpose that puts the image upright; -1 for none, None if unreadable."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
        return _TURNS.get(int(orientation), -1)
    except Exception:  # EXIF is written by many programs, all of them unknown here
        return None


def _plain(image, file):
    """The image in mode L, F (grey of more bits) or RGB, nothing of it transparent."""
    from PIL import Image

    if image.mode in DEEP:
        array = np.asarray(image).astype(np.int64)
        least, most = int(array.min()), int(array.max())
        if least < 0 or most >= _EXACT:
            raise InputError(
                f"{file} holds pixels from {least} to {most}; expected 0 to {_EXACT - 1}: "
                "convert it"
            )
        return Image.fromarray(array.astype(np.float32))
    if image.mode == "F":
        raise InputError(f"{file} holds floating-point pixels; expected 8 or 16 bits: convert it")
    if image.mode not in (*GREY, *COLOUR):
        raise InputError(
            f"{file} is of Pillow's mode {image.mode}, which is not read; convert it to RGB or grey"
        )
    if image.mode == "LAB":
        from PIL import ImageCms

        spaces = (ImageCms.createProfile(name) for name in ("LAB", "sRGB"))
        return ImageCms.applyTransform(image, ImageCms.buildTransform(*spaces, "LAB", "RGB"))
    wanted = "L" if image.mode in GREY else "RGB"
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (BACKGROUND,) * 4)
        image = Image.alpha_composite(ground, image)
    return image.convert(wanted)
