"""Machines and habits of users: profiles, --config, other folders, what cannot be written."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from geomem.errors import InputError
from geomem.planning.dry_run import planned_jobs

from tests.workflow.conftest import ROOT, make_workspace


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A workflow of which nothing has been run."""
    return make_workspace(tmp_path_factory.mktemp("machines") / "work space")


@pytest.mark.parametrize("quiet", ["[rules]", "all", "[progress, rules, reason]", "true"])
def test_a_profile_silences_no_plan(fresh, monkeypatch, quiet):
    (fresh.path / "profile").mkdir(exist_ok=True)
    (fresh.path / "profile" / "config.yaml").write_text(f"quiet: {quiet}\nprintshellcmds: true\n")
    expected = _plan(fresh)
    assert any("jobs would be run." in line for line in expected)
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "profile")
    assert _plan(fresh) == expected


def _plan(workspace, *options):
    """The lines of a plan, whose order is Snakemake's."""
    return sorted(workspace.geomem("explain", *options).stdout.splitlines())


def test_options_silence_no_plan(fresh):
    assert _plan(fresh, "--quiet", "all") == _plan(fresh)
    one = fresh.geomem("explain", "--until", "images", "-q").stdout
    assert one.startswith("1 job would be run")


def test_a_plan_that_was_silenced_is_no_empty_plan(monkeypatch):
    silent = subprocess.CompletedProcess((), 0, stdout="", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *command, **options: silent)
    with pytest.raises(InputError, match="leave out what silences it"):
        planned_jobs()


def test_numbers_on_the_command_line(fresh):
    """As in a file; Snakemake hands on what is within a section as text."""
    given = "experiments={tiny: {training: {epochs: 2}, analysis: {epochs: [0, 1]}, widths: [3]}}"
    jobs = {wildcards for _, wildcards in fresh.pending("--config", given)}
    widths = {part for text in jobs for part in text.split(", ") if part.startswith("width")}
    assert widths == {"width=3"}
    assert any("epoch=1" in text for text in jobs)
    said = fresh.snakemake(
        "-n", "--config", "experiments={tiny: {training: {epochs: x}}}", check=False
    )
    text = said.stderr + said.stdout
    assert "experiments.tiny.training.epochs: 'x' is text, expected a whole number" in text
    assert "quotes" not in text


def test_another_folder_and_links(fresh, tmp_path):
    """--directory, and a workflow that is a link to a read-only one."""
    link, place = tmp_path / "link", tmp_path / "place"
    link.symlink_to(fresh.path)
    place.mkdir()
    shutil.copy(fresh.path / "config.yaml", place)
    said = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", link / "Snakefile"),
            *("--directory", place, "--until", "labels"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    assert list((place / "results").rglob("permute_n0.5_s0.parquet"))
    assert not (fresh.path / "results").exists()


def test_a_results_folder_that_cannot_be_written(fresh):
    results = fresh.path / "results"
    results.write_text("a file where a folder should be")
    try:
        said = fresh.snakemake(check=False)
    finally:
        results.unlink()
    assert said.returncode
    assert "results is a file: cannot write there" in said.stderr + said.stdout


def test_an_inherited_backend(fresh):
    """Of a notebook, whose kernel hands it on to what is started from it."""
    spec = {"name": "glyphs", "load": "geomem.data.glyphs:make_glyphs", "seed": 0}
    spec |= {"classes": 2, "train_per_class": 2, "test_per_class": 2}
    said = subprocess.run(
        [
            *(sys.executable, fresh.path / "scripts/make_dataset.py", "--output", "a.npz"),
            *("--spec", json.dumps(spec)),
        ],
        cwd=fresh.path,
        env={**os.environ, "MPLBACKEND": "module://no_such.backend"},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr


def test_output_in_a_narrow_encoding(tmp_path):
    said = subprocess.run(
        [sys.executable, "-c", "from geomem.process import run; run(lambda: print('絵 \\udce9'))"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout == b"\\u7d75 \\udce9\n"


def test_a_wrong_layer_name_is_found_before_training(fresh):
    for section, where in (
        ("analysis: {layers: [conv9]}", "analysis.layers"),
        ("rewind: {sets: {last: ['fc9*']}}", "rewind.sets.last"),
    ):
        said = fresh.snakemake(
            *("--config", f"experiments={{tiny: {{{section}}}}}", "--until", "train"), check=False
        )
        assert said.returncode
        log = next((fresh.path / "results/shared/logs/train").glob("*.log")).read_text()
        assert f"error: experiments.tiny.{where}: " in log and "matches no layer" in log
        states = fresh.path / "results/cache/training"
        assert not list(states.rglob("*.safetensors"))


def test_a_table_of_labels_that_was_edited(fresh, tmp_path):
    """Also where the new table has an older time stamp, as one that was copied has."""
    table = tmp_path / "labels.csv"
    table.write_text("index,label\n0,1\n1,2\n")
    before = fresh.config
    config = fresh.config
    config["experiments"]["tiny"]["labels"] = {"rule": "table", "path": str(table)}
    fresh.write_config(config)
    try:
        fresh.snakemake("--until", "labels")
        made = next((fresh.path / "results/shared/data").rglob("labels/table*.parquet"))
        target = str(made.relative_to(fresh.path))
        assert fresh.pending(target) == set()
        kept, times = table.read_bytes(), table.stat()
        table.write_text("index,label\n0,2\n1,2\n")
        os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns - 10**12))
        assert {rule for rule, _ in fresh.pending(target)} == {"labels"}
        table.write_bytes(kept)
        os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert fresh.pending(target) == set()
    finally:
        fresh.write_config(before)


def test_images_that_were_replaced(fresh, tmp_path):
    import numpy as np
    from PIL import Image

    def draw(seed):
        rng = np.random.default_rng(seed)
        for split, count in (("train", 20), ("test", 6)):
            for name in "ab":
                folder = tmp_path / "images" / split / name
                folder.mkdir(parents=True, exist_ok=True)
                for i in range(count):
                    pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
                    Image.fromarray(pixels).save(folder / f"{i}.png")

    draw(0)
    before = fresh.config
    config = fresh.config
    data = {"name": "image-folder", "path": str(tmp_path / "images"), "size": None}
    config["experiments"]["tiny"]["data"] = data | {"train_per_class": None}
    fresh.write_config(config)
    try:
        fresh.snakemake("--until", "images")
        made = next((fresh.path / "results/shared/data").glob("image-folder*/images.npz"))
        target = str(made.relative_to(fresh.path))
        assert fresh.pending(target) == set()
        assert fresh.geomem("explain", "--until", "images").stdout.startswith("Nothing")
        draw(1)
        assert {rule for rule, _ in fresh.pending(target)} == {"images"}
    finally:
        fresh.write_config(before)


@pytest.mark.parametrize("command", ["geometry", "explain"])
def test_python_without_docstrings(tmp_path, command):
    said = subprocess.run(
        [sys.executable, "-OO", "-m", "geomem", command, "--help"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    assert f"usage: geomem {command}" in said.stdout
