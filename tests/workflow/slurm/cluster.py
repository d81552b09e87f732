"""A Slurm cluster of one node on this machine's loopback, for the tests.

munged, slurmctld and slurmd run as ordinary processes of whoever starts them, with every file in
one folder under the system's temporary one; no systemd, nothing in /etc. By hand:

    python -m tests.workflow.slurm.cluster start      prints the folder and what to export
    python -m tests.workflow.slurm.cluster stop FOLDER
"""

import argparse
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
DEBIAN_PACKAGES = "slurmctld slurmd slurm-client munge"

# Jobs are told to stop (SIGTERM) KillWait seconds before they are killed, at a time limit, by
# scancel, by a requeue and by preemption alike. All processes of a job are killed then, as cgroups
# do: linuxproc would lose the job's Snakemake, which waits forever once it was told to stop. A job
# of the partition urgent takes the place of one of main, which goes back into the queue. squeue
# answers for finished jobs for MinJobAge seconds. The node claims memory enough for any job of the
# tests, whatever the machine has.
CONFIGURATION = """\
ClusterName=geomem
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=0,requeue_delay=1
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=10
MinJobAge=3600
JobRequeue=1
JobFileAppend=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=64000 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES PriorityTier=1 MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
"""


def missing_programs():
    """Programs of Slurm and munge that this machine lacks."""
    return [name for name in PROGRAMS if _which(name) is None]


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its folder, and the environment its commands need."""

    folder: Path

    @property
    def environment(self):
        return {
            **os.environ,
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
        }

    def ask(self, *command):
        """What a Slurm command says, e.g. `ask("squeue", "--states=all")`."""
        done = self._run(command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def does(self, *command):
        """Whether a Slurm command succeeds; some are refused while a job changes its state."""
        return self._run(command).returncode == 0

    def _run(self, command):
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )

    def jobs(self):
        """Every job so far, a list of dicts `id`, `state`, `comment` (Snakemake: the rule)."""
        text = self.ask("squeue", "--all", "--states=all", "--noheader", "--format=%i|%T|%k")
        rows = [line.split("|", 2) for line in text.splitlines()]
        return [
            {"id": number, "state": state, "comment": comment.strip()}
            for number, state, comment in sorted(rows, key=lambda row: int(row[0]))
        ]

    def log(self):
        """The ends of the daemons' logs, for the message of a failed test."""
        return "\n".join(
            f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-40:])
            for path in sorted(self.folder.glob("*.log"))
        )

    def stop(self):
        """End the jobs, then the daemons, and remove the folder."""
        user = f"--user={getpass.getuser()}"
        for command in (["scancel", "--signal=KILL", "--full", user], ["scancel", user]):
            subprocess.run(command, env=self.environment, capture_output=True)
        for name in ("slurmd", "slurmctld", "munged"):
            _end(self.folder / f"{name}.pid")
        shutil.rmtree(self.folder, ignore_errors=True)


def start(cores=None, *, seconds=30):
    """Start a cluster and wait until its node takes jobs.

    Parameters
    ----------
    cores : int, optional
        CPUs the node claims; by default all that this process may use.
    seconds : float
        How long to wait.

    Returns
    -------
    Cluster

    Raises
    ------
    RuntimeError
        If programs are missing, or the node does not come up; the daemons' logs are shown.
    """
    if missing := missing_programs():
        raise RuntimeError(f"not installed: {missing} (Debian: {DEBIAN_PACKAGES})")
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="geomem-slurm-")))
    folder = cluster.folder
    folder.chmod(0o755)  # munged wants its socket's folder open to all
    for name in ("state", "spool"):
        (folder / name).mkdir(mode=0o755)
    settings = {
        "host": socket.gethostname().split(".")[0],
        "folder": folder,
        "user": getpass.getuser(),
        "cores": cores or len(os.sched_getaffinity(0)),
        "controller_port": _free_port(),
        "node_port": _free_port(),
    }
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**settings))
    _write_srun(folder)
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(1024))
    try:
        _launch(
            cluster,
            "munged",
            f"--key-file={key}",
            f"--socket={folder}/munge.socket",
            f"--pid-file={folder}/munged.pid",
            f"--log-file={folder}/munged.log",
            f"--seed-file={folder}/munged.seed",
        )
        _launch(cluster, "slurmctld", "-c")
        _launch(cluster, "slurmd", "-c", "-N", settings["host"])
        _wait_until_idle(cluster, seconds)
    except BaseException:
        cluster.stop()
        raise
    return cluster


def _write_srun(folder):
    """An srun that knows its cluster: Snakemake's job steps drop SLURM_CONF before calling it."""
    path = folder / "bin" / "srun"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {_which("srun")} "$@"\n')
    path.chmod(0o755)


def _launch(cluster, program, *options):
    said = subprocess.run(
        [_which(program), *options], env=cluster.environment, capture_output=True, text=True
    )
    if said.returncode:
        raise RuntimeError(f"{program}: {said.stderr}{said.stdout}\n{cluster.log()}")


def _wait_until_idle(cluster, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        said = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"],
            env=cluster.environment,
            capture_output=True,
            text=True,
        )
        if said.stdout.strip() == "idle":
            return
        time.sleep(0.2)
    raise RuntimeError(f"the node is {said.stdout or said.stderr}\n{cluster.log()}")


def _end(pid_file, seconds=10):
    """End the process a file names, and wait until it is gone."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        for _ in range(round(seconds / 0.1)):
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return


def _which(program):
    # Debian keeps daemons where ordinary users' PATH does not look.
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(argv=None):
    """Start or stop a cluster from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start")
    commands.add_parser("stop").add_argument("folder", type=Path)
    arguments = parser.parse_args(argv)
    if arguments.command == "stop":
        Cluster(arguments.folder).stop()
    else:
        folder = start().folder
        print(f"export SLURM_CONF={folder}/slurm.conf PATH={folder}/bin:$PATH")


if __name__ == "__main__":
    sys.exit(main())
