"""One workflow at a time for a results folder."""

import contextlib
import errno
import fcntl
import os
import sys
import time
from pathlib import Path

from geomem.errors import InputError

_TRIES, _PAUSE = 10, 0.05  # seconds
# What Lustre without `-o flock`, some NFS servers and FUSE file systems answer.
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
_warned = set()
_held = []  # open files: a lock ends with the process, however it ends


def hold(folder):
    """Hold `folder` for this process until it ends.

    Unlike a lock file that has to be taken away again, this one cannot outlive its holder: nothing
    has to be unlocked after a crash.

    Raises
    ------
    InputError
        If another process holds it, or nothing can be written there.
    """
    path = Path(folder) / ".lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 (held until the process ends)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot write there ({error.strerror}); make it writable, or make it a link "
            "to a folder that is"
        ) from error
    for _ in range(_TRIES):  # one who looks whether it is held locks it for a moment, too
        if locked := try_lock(file, folder):
            break
        time.sleep(_PAUSE)
    if not locked:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        raise InputError(
            f"{folder} is in use by another run ({holder}): wait until it ends, or end it; a copy "
            "of this folder can run beside it"
        )
    _held.append(file)
    with contextlib.suppress(OSError):  # a full disk: whoever is refused misses the name alone
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}\n")
        file.flush()


def require_folder(folder):
    """Raise InputError if there is something at `folder` that is no folder."""
    if Path(folder).exists() and not Path(folder).is_dir():
        raise InputError(f"{folder} is a file: cannot write there; move it away")


def is_held(folder):
    """Whether a process holds `folder`."""
    try:
        with open(Path(folder) / ".lock", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def try_lock(file, folder):
    """Lock an open file for this process; false if another process holds it.

    On a file system without locks it warns, once for each folder, and takes the file for locked.

    Parameters
    ----------
    file : file object
    folder : path
        What the lock stands for, for the message.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        if str(folder) not in _warned:
            _warned.add(str(folder))
            print(
                f"warning: {folder} is on a file system without locks ({error.strerror}): "
                "make sure that no other run uses it",
                file=sys.stderr,
                flush=True,
            )
    return True
