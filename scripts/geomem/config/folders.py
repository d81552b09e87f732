"""What tells that a user's files changed: content of small ones, else names, sizes and times.

Standard library only.
"""

import functools
import hashlib
import os

# Left behind by operating systems, archive programs and storage servers, in lower case.
_CLUTTER = frozenset(
    (
        "thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "#recycle", "#snapshot",
        "$recycle.bin", "system volume information", "lost+found", "icon\r", "recycler",
    )
)  # fmt: skip

_SMALL = 1_000_000  # bytes of a file whose content counts, as in Snakemake's own comparison


def is_clutter(name):
    """Whether a file or folder is hidden or none of the user's."""
    return name.startswith(".") or name.lower() in _CLUTTER


@functools.cache
def file_digest(path):
    """A checksum of a small file's content: 12 hexadecimal digits, or "absent".

    Parameters
    ----------
    path : str
        May begin with `~`.
    """
    try:
        with open(os.path.expanduser(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError:
        return "absent"


@functools.cache
def path_digest(path):
    """`file_digest` of a small file, `folder_digest` of a folder, or one of a size and a time."""
    where = os.path.expanduser(path)
    if os.path.isdir(where):
        return folder_digest(path)
    try:
        found = os.stat(where)
    except OSError:
        return "absent"
    if found.st_size <= _SMALL:
        return file_digest(path)
    text = f"{found.st_size} {found.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@functools.cache
def folder_digest(path):
    """A checksum of the names, sizes and times of all files below a folder.

    Two equal ones mean, but for a file that was edited to the same size and given its old time,
    that nothing below the folder changed. 10,000 files take a tenth of a second.

    Parameters
    ----------
    path : str
        May begin with `~`.

    Returns
    -------
    str
        12 hexadecimal digits, or "absent" where there is no such folder.
    """
    top = os.path.expanduser(path)
    if not os.path.isdir(top):
        return "absent"
    digest, pending, seen = hashlib.sha256(), [(top, b"")], set()
    while pending:
        folder, name = pending.pop()
        real = os.path.realpath(folder)
        if real in seen:
            around = os.path.realpath(os.path.dirname(folder))
            if os.path.commonpath([around, real]) != real:  # else a link that leads back
                digest.update(b"\0=" + name + b"\0" + os.fsencode(os.path.relpath(real, around)))
            continue
        seen.add(real)
        digest.update(b"\0/" + name)
        try:
            with os.scandir(folder) as entries:
                listed = sorted(
                    (e for e in entries if not is_clutter(e.name)), key=lambda entry: entry.name
                )
        except OSError as error:
            digest.update(str(error.errno).encode())
            continue
        for entry in listed:
            within = name + b"/" + os.fsencode(entry.name)
            try:
                if entry.is_dir():
                    pending.append((entry.path, within))
                    continue
                found = entry.stat()
                text = f"{found.st_size} {found.st_mtime_ns}"
            except OSError as error:  # a broken link
                text = str(error.errno)
            digest.update(b"\0" + within + b"\0" + text.encode())
    return digest.hexdigest()[:12]
