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
_PIECE = 2**20  # bytes
UNSEALED = (_MARK + _ZEROS).decode()


def seal(path):
    """Put the checksum of a file in the place of the last `UNSEALED` within it."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        place = content.rfind(_MARK + _ZEROS) + len(_MARK)
        if place < len(_MARK):
            raise ValueError(f"{path} has no place for a checksum")
        content[place : place + 64] = _checksum(file, place)


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
            if content[place : place + 64] != _checksum(file, place):
                raise ValueError("its checksum does not match")


def _checksum(file, place):
    """SHA-256, hexadecimal, of a file with zeros for the 64 bytes from `place` on."""
    digest = hashlib.sha256()
    file.seek(0)
    _add(digest, file, place)
    digest.update(_ZEROS)
    file.seek(64, os.SEEK_CUR)
    _add(digest, file, os.fstat(file.fileno()).st_size - place - 64)
    return digest.hexdigest().encode()


def _add(digest, file, count):
    """Sum the next `count` bytes, piece by piece: those of a mapped file would stay in memory."""
    while piece := file.read(min(count, _PIECE)):
        digest.update(piece)
        count -= len(piece)
