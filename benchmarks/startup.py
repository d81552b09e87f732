"""What starting processes costs: processor seconds and memory of every command's imports.

    python benchmarks/startup.py                  the default experiments
    python benchmarks/startup.py --configfile presets/paper.yaml

Imports what a command imports, before it does anything, in a process of its own; the least of three
tries. The jobs are those of a dry run in an empty folder.
"""

import argparse
import ast
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What commands import, or make, by a name that only exists at run time.
LATER = {
    "measure_layers.py": """
import geomem.analysis.mean_field, geomem.geometry.newton, geomem.geometry.pivoting
from geomem.geometry import geometry_from_products
""",
    "train.py": """
from geomem.training.recipe import Recipe
recipe = {"epochs": 1, "batch_size": 1, "optimizer": {"name": "adam", "lr": 1.0}}
Recipe.read(recipe).make_optimizer([torch.zeros(1)])
""",
}
MEASURE = """
import resource
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def imports(path):
    """The import statements that a command always runs: of its file and its function `main`."""
    body = ast.parse(path.read_text()).body
    mains = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    found = [node for part in (body, *(main.body for main in mains)) for node in part]
    return "\n".join(
        ast.unparse(node) for node in found if isinstance(node, ast.Import | ast.ImportFrom)
    )


def cost(path, tries=3):
    """Processor seconds and MB of a process that imports what the command does."""
    parts = [f"import sys; sys.path.insert(0, {str(path.parent)!r})", imports(path)]
    code = "\n".join([*parts, LATER.get(path.name, ""), MEASURE])
    found = []
    for _ in range(tries):
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        if said.returncode:
            sys.exit(said.stderr)
        found.append(tuple(map(float, said.stdout.split())))
    seconds, kilobytes = min(found)
    return seconds, kilobytes / 1e3


def jobs(configfiles):
    """Number of jobs by rule of a run in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--cores=2",
            f"--snakefile={ROOT / 'Snakefile'}", f"--directory={folder}",
            f"--profile={ROOT / 'profiles' / 'default'}",
            "--configfile", ROOT / "config.yaml", *configfiles,
        ]  # fmt: skip
        said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    text = said.stdout + said.stderr
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE)}


def commands():
    """The script of every rule."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    found = re.findall(r"^rule (\w+):.*?command\(\"(\w+\.py)\"\)", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def main(argv=None):
    """Print a table by rule, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configfile", type=Path, nargs="*", default=[])
    parser.add_argument("--scripts", type=Path, default=ROOT / "scripts", help="of another version")
    arguments = parser.parse_args(argv)
    counted = jobs([path.resolve() for path in arguments.configfile])
    print(f"{'rule':14} {'jobs':>5} {'seconds':>8} {'MB':>6} {'together':>9}")
    total = 0.0
    for rule, name in commands().items():
        if rule in counted:
            seconds, megabytes = cost(arguments.scripts / name)
            total += counted[rule] * seconds
            print(f"{rule:14} {counted[rule]:5} {seconds:8.2f} {megabytes:6.0f} "
                  f"{counted[rule] * seconds:9.1f}")  # fmt: skip
    print(f"{'together':14} {counted.get('total', 1) - 1:5} {'':8} {'':6} {total:9.1f}")


if __name__ == "__main__":
    main()
