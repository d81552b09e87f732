"""How long Snakemake takes to plan a run, and how much memory: a dry run in an empty folder.

    python benchmarks/planning.py                                       the default experiments
    python benchmarks/planning.py --configfile presets/paper.yaml
    python benchmarks/planning.py --configfile presets/paper.yaml --seeds 30
    python benchmarks/planning.py --bare --seeds 8                      jobs without functions

`--seeds N` runs every experiment with N seeds. `--bare` plans `planning_bare.smk` instead, which
says what Snakemake alone takes. Prints the jobs, the seconds of processor and on the clock, and the
peak memory of one `snakemake --dry-run`.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import yaml  # noqa: E402
from geomem.config.cli import combined  # noqa: E402
from geomem.config.experiments import selected  # noqa: E402


def plan(config, snakefile=ROOT / "Snakefile"):
    """Plan a configuration: jobs, processor seconds, seconds on the clock, bytes of memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(yaml.safe_dump(config))
        command = [
            sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--cores=2",
            f"--snakefile={snakefile}", f"--directory={folder}",
            f"--profile={ROOT / 'profiles' / 'default'}", f"--configfile={path}",
        ]  # fmt: skip
        start = time.perf_counter()
        said = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        wall = time.perf_counter() - start
    text = said.stdout + said.stderr
    found = re.search(r"^total +(\d+)$", text, re.MULTILINE)
    if said.returncode or not found:
        sys.exit(text)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int(found[1]), used.ru_utime + used.ru_stime, wall, used.ru_maxrss * 1024


def main(argv=None):
    """Print what planning costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configfile", type=Path, nargs="*", default=[])
    parser.add_argument("--seeds", type=int, help="seeds of every experiment")
    parser.add_argument("--bare", action="store_true", help="a workflow without functions")
    arguments = parser.parse_args(argv)
    if arguments.bare:
        bare = ROOT / "benchmarks" / "planning_bare.smk"
        return tell(*plan({"seeds": arguments.seeds or 1}, bare))
    config = combined([ROOT / "config.yaml", *arguments.configfile])
    if arguments.seeds:
        for name in selected(config):
            config["experiments"][name]["seeds"] = list(range(arguments.seeds))
    return tell(*plan(config))


def tell(jobs, processor, wall, memory):
    """Print what `plan` found."""
    print(
        f"{jobs:,} jobs: {processor:.1f} s of processor, {wall:.1f} s on the clock "
        f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}), {memory / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    main()
