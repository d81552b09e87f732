"""The GPUs of this machine, found without torch, and one of them for each process.

Snakemake starts as many jobs at once as there are GPUs, and each job claims one that no other has.
"""

import contextlib
import fcntl
import os
import subprocess
import tempfile
from pathlib import Path

from geomem.process import log

VISIBLE = "CUDA_VISIBLE_DEVICES"
_claimed = []  # open files: a lock ends with the process, however it ends


def local_gpus():
    """Names of the GPUs that jobs on this machine may use, as CUDA_VISIBLE_DEVICES has them.

    Those of that variable, or of GEOMEM_DEVICE (none for `cpu`), or those that nvidia-smi lists.
    """
    kind, _, number = os.environ.get("GEOMEM_DEVICE", "cuda").partition(":")
    if kind != "cuda":
        return []
    if number:
        return [number]
    visible = os.environ.get(VISIBLE)
    if visible is not None:
        return _listed(visible)
    try:
        said = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = [line for line in said.stdout.splitlines() if line.startswith("GPU ")]
    return [str(number) for number in range(len(found))] if said.returncode == 0 else []


def claim(folder=None):
    """Leave this process one of the GPUs in CUDA_VISIBLE_DEVICES that no other process has claimed.

    Call it before torch looks for GPUs. With fewer than two there is nothing to choose. Where all
    are claimed, which happens only if Snakemake was told to run more jobs than there are GPUs, one
    is shared.

    Parameters
    ----------
    folder : path, optional
        Of the lock files; by default in the machine's folder for temporary files.
    """
    gpus = _listed(os.environ.get(VISIBLE, ""))
    if len(gpus) < 2 or "GEOMEM_DEVICE" in os.environ:
        return
    folder = Path(folder or Path(tempfile.gettempdir()) / f"geomem-gpus-{os.getuid()}")
    chosen = next((gpu for gpu in gpus if _locked(folder, gpu)), None)
    if chosen is None:
        chosen = gpus[os.getpid() % len(gpus)]
        log(f"all {len(gpus)} GPUs are in use by other jobs: GPU {chosen} is shared")
    os.environ[VISIBLE] = chosen


def _listed(text):
    """The devices in a list; CUDA ignores all that follow a negative one."""
    found = []
    for name in (part.strip() for part in text.split(",")):
        if not name or name.startswith("-"):
            break
        found.append(name)
    return found


def _locked(folder, gpu):
    with contextlib.suppress(OSError):  # held by another, or a file system without locks
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / f"{gpu}.lock", "a")  # noqa: SIM115 (held until the process ends)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise
        _claimed.append(file)
        return True
    return False
