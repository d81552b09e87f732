"""What jobs ask a scheduler for: more for more work, and enough."""

import copy
import json
import re
import subprocess
import sys

import pytest
from geomem.config.cli import read
from geomem.geometry import lowrank, measure
from geomem.planning import work
from geomem.planning.resources import megabytes, minutes
from geomem.registry.stages import STAGES

from tests.planning.test_presets import ROOT


@pytest.fixture
def experiment():
    return read(ROOT / "config.yaml")["defaults"]


def limit(rule, experiment, width=8, **options):
    return minutes(rule, json.dumps(experiment), width, 0.5, **options)


def changed(experiment, dotted, value):
    result = copy.deepcopy(experiment)
    *places, last = dotted.split(".")
    section = result
    for place in places:
        section = section[place]
    section[last] = value
    return result


@pytest.mark.parametrize(
    ("rule", "key", "value"),
    [
        ("train", "training.epochs", 400),
        ("activations", "data.train_per_class", 60_000),
        ("geometry", "geometry.n_t", 30_000),
        ("rewind", "rewind.epochs", list(range(40))),
        ("gradients", "gradients.epochs", list(range(4000))),
        ("table", "seeds", list(range(4000))),
    ],
)
def test_more_work_gets_more(experiment, rule, key, value):
    more = json.dumps(changed(experiment, key, value))
    now = json.dumps(experiment)
    asked = [(minutes(rule, e, 8, 0.5), megabytes(rule, e, 8, 0.5)) for e in (now, more)]
    assert asked[0] < asked[1]


def test_time_of_training_goes_with_epochs_images_and_width(experiment):
    long = changed(experiment, "training.epochs", 4000)
    base = limit("train", long)
    assert limit("train", changed(long, "training.epochs", 8000)) == pytest.approx(2 * base, 0.02)
    more = changed(long, "data.train_per_class", 120)
    assert base < limit("train", more) < 2 * base
    assert limit("train", long, width=16) > 1.5 * base


def test_a_gpu_shortens_training_and_leaves_geometry(experiment):
    long = changed(experiment, "training.epochs", 4000)
    assert limit("train", long, 64, gpu=True) < limit("train", long, 64) / 3
    assert limit("train", long, gpu=True) < limit("train", long)
    assert limit("geometry", long, gpu=True) == limit("geometry", long)


def test_each_attempt_gets_more(experiment):
    text = json.dumps(experiment)
    assert minutes("train", text, 8, 0.5, attempt=2) >= 2 * minutes("train", text, 8, 0.5) - 1
    assert megabytes("train", text, 8, 0.5, attempt=3) > 2.9 * megabytes("train", text, 8, 0.5)


def test_ones_own_network_and_images_get_something(experiment):
    own = changed(experiment, "model", {"name": "mine:network", "depth": 3})
    own["data"] = {"name": "image-folder", "path": "nowhere", "size": 64}
    assert limit("train", own) > limit("train", experiment)
    text = json.dumps(own)
    assert megabytes("images", text) > 1000, "two copies of 110,000 images of 64 x 64"


def test_every_job_of_the_paper_asks_for_what_nodes_have():
    from geomem.config.cli import combined
    from geomem.config.experiments import resolve, selected

    config = combined([ROOT / "config.yaml", ROOT / "presets" / "paper.yaml"])
    for name in selected(config):
        experiment = resolve(config, name)
        text, width = json.dumps(experiment), max(experiment["widths"])
        for rule in ("train", "activations", "rewind", "gradients"):
            assert 10 < minutes(rule, text, width, 0.5, gpu=True) < 3 * 1440, (name, rule)
            assert 1000 < megabytes(rule, text, width, 0.5) < 64_000, (name, rule)
        assert minutes("geometry", text, width, 0.5) < 1440
        assert megabytes("geometry", text, width, 0.5) < 16_000


def test_planning_imports_no_large_library():
    imports = [
        line
        for path in sorted((ROOT / "rules").glob("*.smk"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("from geomem")
    ]
    assert len(imports) > 10
    heavy = "{'torch', 'numpy', 'pandas', 'scipy', 'pyarrow'}"
    program = "\n".join(["import sys", *imports, f"print({heavy} & set(sys.modules))"])
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "set()"


def test_the_slurm_profile_speaks_of_every_rule_that_can_use_a_gpu():
    rules = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    bodies = re.split(r"^rule (\w+):", rules, flags=re.MULTILINE)[1:]
    on_gpu = {
        name for name, body in zip(bodies[::2], bodies[1::2], strict=True) if "gpu=gpu" in body
    }
    profile = (ROOT / "profiles/slurm/config.yaml").read_text()
    assert set(re.findall(r"^#   (\w+): \{gpu: 1", profile, re.MULTILINE)) == on_gpu
    assert on_gpu <= {stage.name for stage in STAGES.values() if stage.uses_gpu}


def test_vectors_are_counted_as_the_geometry_draws_them(experiment):
    settings = experiment["geometry"]
    assert (len(lowrank.PLAUSIBLE), measure.PROFILE_DRAWS) == (work.PLAUSIBLE, work.PROFILE_DRAWS)
    assert work.draws(settings) == settings["n_t"] + 2 * 50
    shared = {**settings, "low_rank": {"rule": "shrinkage", "k": "shared"}}
    assert work.draws(shared) == settings["n_t"]
    assert work.draws({**settings, "n_t": 10}) == 30
