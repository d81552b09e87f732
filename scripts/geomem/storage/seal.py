"""A checksum of a whole file, inside it: no bit can change without notice.

A writer puts `UNSEALED` somewhere into its file, and `seal` the SHA-256 of the file in the place of
the zeros in it. What is summed is the file with the zeros.
"""

import functools
import hashlib
import mmap
import os

_MARK = b"geomem-sha256:"
_ZEROS = b"0" * 64
UNSEALED = (_MARK + _ZEROS).decode()


def seal(path):
    """Put the checksum of a file in the place of the last `UNSEALED` within it."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        place = content.rfind(_MARK + _ZEROS) + len(_MARK)
        if place < len(_MARK):
            raise ValueError(f"{path} has no place for a checksum")
        content[place : place + 64] = _checksum(content, place)


def verify(path):
    """Raise ValueError if a file is not as it was sealed; return None."""
    found = os.stat(path)
    _verify(os.fspath(path), found.st_ino, found.st_size, found.st_mtime_ns)


@functools.lru_cache(64)  # a file read array by array is summed once
def _verify(path, inode, size, time):
    with open(path, "rb") as file:
        if not size:
            raise ValueError("it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            place = content.rfind(_MARK) + len(_MARK)
            if place < len(_MARK):
                raise ValueError("it has no checksum: it is cut off, or of another version")
            if content[place : place + 64] != _checksum(content, place):
                raise ValueError("its checksum does not match")


def _checksum(content, place):
    """SHA-256, hexadecimal, of bytes with zeros for the 64 from `place` on."""
    with memoryview(content) as view, view[:place] as before, view[place + 64 :] as after:
        digest = hashlib.sha256(before)
        digest.update(_ZEROS)
        digest.update(after)
    return digest.hexdigest().encode()
