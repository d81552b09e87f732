"""`geomem compare`: what differs between experiments, and their effects side by side."""

import pandas as pd
import pytest
import yaml
from geomem.claims import cli
from geomem.claims.cli import main, outdated
from geomem.claims.compare import compared, described, differences
from geomem.claims.judge import COLUMNS
from geomem.config.experiments import resolve
from geomem.errors import InputError
from geomem.figures.compare import draw
from geomem.storage.tables import write_table

CONFIG = {
    "run": ["base", "more"],
    "defaults": {"data": {"name": "glyphs"}},
    "experiments": {
        "base": {"label_noise": [0.5]},
        "more": {
            "label_noise": [0.5],
            "data": {"train_per_class": 112},
            "analysis": {"measures": ["geometry"]},
        },
    },
}


def row(target, effect, **changes):
    """A row of a table of verdicts."""
    values = dict.fromkeys(COLUMNS, float("nan"))
    values |= {
        "target": target, "estimator": "mean-field", "effect": effect, "threshold": 0.1,
        "total_lo": effect - 0.1, "total_hi": effect + 0.1, "low_rank_lo": effect - 0.3,
        "low_rank_hi": effect, "bound": "at most", "statement": "At most 0.1.",
        "verdict": "undecided",
    }  # fmt: skip
    return values | changes


def table(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_only_what_an_effect_depends_on_differs():
    base = resolve(CONFIG, "base")
    assert differences(base, resolve(CONFIG, "more")) == {"data.train_per_class": 112}
    assert differences(base, base) == {}


def test_a_setting_that_one_experiment_lacks_differs_unless_its_section_is_another_one():
    base = {"model": {"name": "a", "depth": 3}, "labels": {"rule": "permute", "seed": 1}}
    other = {"model": {"name": "b", "heads": 2}, "labels": {"rule": "permute"}}
    found = {"model.name": "b", "model.heads": 2, "labels.seed": None}
    assert differences(base, other) == found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("glue.n_t", 5), ("glue.preprocess", "none"), ("rewind.batch_norm", ["keep"]),
        ("rewind.train_images", 10), ("gradients.per_class", 3),
    ],
)  # fmt: skip
def test_what_an_effect_is_measured_with_differs(key, value):
    section, name = key.split(".")
    base = resolve(CONFIG, "base")
    other = {**base, section: {**base.get(section, {}), name: value}}
    assert differences(base, other) == {key: value}


def test_effects_stand_side_by_side():
    claims = {
        "base": table(row("T1", 0.2), row("T4", 0.5)),
        "more": table(
            row("T1", 0.4, verdict="contradicted"), row("T4", 0.1, verdict="not measured")
        ),
    }
    found = compared(claims, {"base": {}, "more": {"data.train_per_class": 112}})
    assert found["target"].tolist() == ["T1", "T1"]  # T4 was measured in one alone
    assert found["setting"].tolist() == ["as it is", "train_per_class 112"]
    # The range over removed directions belongs to the interval.
    assert found["lo"].tolist() == pytest.approx([-0.2, 0.0])
    assert found["hi"].tolist() == pytest.approx([0.3, 0.5])
    assert compared(claims, {"base": {}, "more": {}}, ["T4"])["effect"].tolist() == [0.5]


def test_an_interval_without_a_range_over_directions_stays():
    claims = {"base": table(row("T8", 0.2, low_rank_lo=float("nan"), low_rank_hi=float("nan")))}
    found = compared(claims, {"base": {}}, ["T8"])
    assert found[["lo", "hi"]].iloc[0].tolist() == pytest.approx([0.1, 0.3])


def test_networks_of_one_experiment_are_told_apart():
    rows = [row("T1", 0.2, width=width, noise=0.5) for width in (4, 8)]
    shown = compared({"base": table(*rows)}, {"base": {}}, ["T1"])
    assert [described(line) for line in shown.itertuples()] == [
        "as it is, width 4", "as it is, width 8"
    ]  # fmt: skip
    ticks = [tick.get_text() for tick in draw(shown).axes[0].get_yticklabels()]
    assert ticks == ["as it is, width 4", "as it is, width 8"]


def test_settings_whose_last_part_is_the_same_are_written_out():
    settings = {"base": {}, "more": {"data.classes": 20, "analysis.classes": 10, "widths": [4]}}
    claims = {name: table(row("T1", 0.2)) for name in settings}
    found = compared(claims, settings)["setting"].tolist()
    assert found == ["as it is", "data.classes 20, analysis.classes 10, widths 4"]


def test_other_thresholds_are_other_statements():
    claims = {
        "base": table(row("T1", 0.2)),
        "more": table(row("T1", 0.2, threshold=0.3, statement="At most 0.3.")),
    }
    figure = draw(compared(claims, {"base": {}, "more": {"claims.targets.T1": 0.3}}))
    assert [axes.get_title("left") for axes in figure.axes if axes.axison] == [
        "T1 (at most 0.1)", "T1 (at most 0.3)"
    ]  # fmt: skip


def test_an_unknown_target_is_named():
    with pytest.raises(InputError, match="'T99'; there are: T1"):
        compared({"base": table(row("T1", 0.2))}, {"base": {}}, ["T99"])


def test_from_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    with pytest.raises(InputError, match="has verdicts of none"):
        main([])
    for name, effect in (("base", 0.2), ("more", 0.5)):
        folder = tmp_path / "results" / name / "claims"
        folder.mkdir(parents=True)
        write_table(folder / "claims.parquet", table(row("T1", effect)), {})
    assert main(["--csv", "all.csv", "--figure", "all.png"]) == 0
    said = capsys.readouterr().out
    assert "| as it is | mean-field | 0.2 | -0.2 to 0.3 | undecided |" in said
    assert "| train_per_class 112 | mean-field | 0.5 | 0.1 to 0.6 | undecided |" in said
    assert pd.read_csv("all.csv")["effect"].tolist() == [0.2, 0.5]
    assert (tmp_path / "all.png").stat().st_size > 1000


def test_nothing_to_compare_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    for name, target in (("base", "T1"), ("more", "T2")):
        folder = tmp_path / "results" / name / "claims"
        folder.mkdir(parents=True)
        write_table(folder / "claims.parquet", table(row(target, 0.2)), {})
    assert main([]) == 0
    assert "no target is measured in more than one of base, more" in capsys.readouterr().out


def test_an_interval_that_says_nothing_leaves_room_for_the_others():
    rows = [row("T1", effect) for effect in (0.2, 0.3)]
    rows.append(row("T1", 0.5, total_lo=-90.0, total_hi=90.0))
    shown = compared({"base": table(*rows)}, {"base": {}}, ["T1"])
    low, high = draw(shown).axes[0].get_xlim()
    assert -0.3 < low < 0.1 < 0.5 < high < 1


def test_what_was_not_judged_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    folder = tmp_path / "results" / "base" / "claims"
    folder.mkdir(parents=True)
    write_table(folder / "claims.parquet", table(row("T1", 0.2)), {})
    main(["--targets", "T1"])
    assert "not judged yet: more" in capsys.readouterr().out


def test_verdicts_that_a_run_would_make_again_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    (tmp_path / "Snakefile").write_text(
        "rule all:\n    input: 'results/more/claims/claims.parquet'\n"
        "rule claims:\n    output: 'results/{experiment}/claims/claims.parquet'\n"
        "    shell: 'false'\n"
    )
    for name in ("base", "more"):
        folder = tmp_path / "results" / name / "claims"
        folder.mkdir(parents=True)
        write_table(folder / "claims.parquet", table(row("T1", 0.2)), {})
    main([])
    assert "changed" not in capsys.readouterr().out
    (tmp_path / "results/more/claims/claims.parquet").rename(tmp_path / "elsewhere.parquet")
    assert outdated([]) == {"more"}
    monkeypatch.setattr(cli, "outdated", lambda overlays: {"base", "other"})
    main(["--targets", "T1"])
    assert "have changed since, run it again: base\n" in capsys.readouterr().out
    main(["--targets", "T1", "--results", "results"])
    assert "changed" not in capsys.readouterr().out


def test_experiments_that_differ_in_nothing_that_counts_are_told_apart():
    claims = {name: table(row("T1", 0.2)) for name in ("base", "again", "third")}
    found = compared(claims, {name: {} for name in claims})["setting"].tolist()
    assert found == ["as it is", "as it is (again)", "as it is (third)"]
