"""The benchmark of what trainings cost reads the configuration that it is documented with."""

import runpy
from pathlib import Path

import pytest
from geomem.config.cli import combined
from geomem.config.experiments import resolve, selected

CLONE = Path(__file__).resolve().parents[2]


def test_rates_and_hours_of_the_default_run(capsys):
    program = runpy.run_path(str(CLONE / "benchmarks" / "cost.py"))
    config = combined([CLONE / "config.yaml"])
    experiment = resolve(config, selected(config)[0])
    measured = program["measure"](experiment, 2, batch=8, steps=1)
    assert measured["parameters"] > 1000 and measured["flops"] > 1e5
    trainings = program["distinct_trainings"](config)
    cells = {(e["model"]["name"], width): measured for _, e, width, _ in trainings}
    program["print_hours"](trainings, cells, 1e13)
    *_, together = capsys.readouterr().out.strip().splitlines()
    count, epochs = (float(cell.replace(",", "")) for cell in together.split("|")[2:4])
    assert count == len(trainings)
    assert epochs == pytest.approx(sum(e["training"]["epochs"] for _, e, _, _ in trainings))
