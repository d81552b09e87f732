"""The commands of a page, run in a workspace."""

import shlex
import subprocess
import sys


def run(workspace, command, *, good=True):
    """What a command line of a page says; it must end well, or (not good) with an error."""
    words = shlex.split(command)
    assert words[0] in ("python", "geomem")
    words = words[1:] if words[0] == "python" else ["-m", *words]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=workspace.path,
        capture_output=True,
        text=True,
        env=workspace.environment(PYTHONPATH="scripts"),
    )
    assert (done.returncode == 0) == good, done.stdout + done.stderr
    return done.stdout + done.stderr
