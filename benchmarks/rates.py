"""Measure the speeds from which the workflow asks for time and memory on a cluster.

`python benchmarks/rates.py` writes scripts/geomem/planning/rates.json: processor seconds of one
core, for the built-in networks on 32x32 colour images and for the geometry of 100 classes.
"""

import dataclasses
import json
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from geomem.process import limit_threads  # noqa: E402

limit_threads(1)

from geomem.config.cli import read  # noqa: E402
from geomem.planning import timing  # noqa: E402
from geomem.planning.sizes import AnalysisSize, DataSize  # noqa: E402
from geomem.registry.stages import STAGES  # noqa: E402

WIDTHS = {
    "vgg-small": (2, 16),
    "vgg16": (8, 64),
    "resnet18": (4, 64),
    "alexnet": (8, 64),
    "densenet121": (4, 32),
}
SIZE, ANALYSED = DataSize(50_000, 10_000, 100, (3, 32, 32)), AnalysisSize(100, 50, 4)


def main():
    """Measure and write."""
    startup = {kind: timing.startup(kind) for kind in sorted({s.startup for s in STAGES.values()})}
    experiment = read(SCRIPTS.parent / "config.yaml")["defaults"]
    networks = {}
    for name, widths in WIDTHS.items():
        experiment["model"] = {"name": name}
        for width in widths:
            rates = timing.network_rates(experiment, width, SIZE, ANALYSED)
            networks.setdefault(name, {})[width] = dataclasses.asdict(rates)
            print(name, width, rates.step, rates.forward, file=sys.stderr)
    settings = {"kappa": 0, "n_t": 300}
    programs = timing.geometry_seconds(
        {**settings, "low_rank": {"rule": "shrinkage", "k": "none"}}, ANALYSED
    )
    both = timing.geometry_seconds(
        {**settings, "low_rank": {"rule": "authors", "k": "auto"}}, ANALYSED
    )
    found = {
        "startup": startup,
        "glyph": timing.glyph_seconds(),
        "simulation": timing.simulation_seconds(experiment["simulation"]),
        "geometry": {"programs": programs, "low_rank": both - programs},
        "networks": networks,
    }
    rounded = json.loads(json.dumps(found), parse_float=lambda text: float(f"{float(text):.3g}"))
    path = SCRIPTS / "geomem" / "planning" / "rates.json"
    path.write_text(_lines(rounded) + "\n")


def _lines(value, depth=0, deepest=2):
    """JSON with a line for each network."""
    if depth > deepest or not isinstance(value, dict):
        return json.dumps(value)
    indent = "\n" + " " * (depth + 1)
    items = [f"{indent}{json.dumps(k)}: {_lines(v, depth + 1)}" for k, v in value.items()]
    return "{" + ",".join(items) + "\n" + " " * depth + "}"


if __name__ == "__main__":
    main()
