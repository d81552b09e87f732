"""Write docs/reruns.md: `python -m tests.workflow.rerun_table > docs/reruns.md`."""

import re
import textwrap

from geomem.registry.stages import STAGES

from tests.workflow.rerun_cases import (
    CHANGES,
    EVERYTHING_TRAINED,
    GEOMETRY_ONWARD,
    NOTHING,
    PAGES,
    RUN,
    SOURCES,
    measured,
)

START = """\
# What a change runs again

`geomem explain` says of your own change what would run again, and why. This page lists what typical
changes do.

| job | makes |
|---|---|
| `images`, `labels` | images, and the labels that a network is trained on |
| `analysis_set` | the choice of the images that are analysed |
| `train`, `snapshot` | a trained network, and its weights at one epoch |
| `activations`, `measure` | what layers compute for these images, and a measure of it |
| `rewind`, `gradients` | accuracies with layers rewound, gradients |
| `simulation` | simulated capacity |
| `examples` | when each training image is learned |
| `table`, `figure` | a table or a figure of an experiment |
| `claims`, `headline`, `provenance` | the pages of an experiment |
| `explorer`, `landing` | the pages of all experiments |

Images, labels, trainings and snapshots are made once for all experiments that ask for the same.
`provenance` lists every result and `landing` every experiment, so both come after anything. Some
names stand for many jobs:

"""
END = """
Every row is a test. It runs the workflow on a small configuration (one width, noise and seed;
epochs 0 and last analysed) and makes the change. A dry run must then list exactly the jobs named
here, and none once the change is undone. Other experiments have no job in such a list (tested for
the learning rate). `python -m tests.workflow.rerun_table` writes this page from
`tests/workflow/rerun_cases.py`.
"""

RULES = tuple(STAGES)  # in the order of the workflow
AXES = ("width", "noise", "seed")
# The larger come first: what one of them takes is not looked for in the others.
GROUPS = {
    "everything trained": EVERYTHING_TRAINED,
    "all results": {job for job in EVERYTHING_TRAINED if job[0] in ("table", "figure")} | PAGES,
    "geometry": measured(RUN, "0", "last") | GEOMETRY_ONWARD,
    "pages": PAGES,
}


def document():
    """The text of docs/reruns.md."""
    names = list(GROUPS)
    meaning = [
        f"- **{name}**: {_with_groups(GROUPS[name], names[1 + i :])}"
        for i, name in enumerate(names)
    ]
    lines = [
        START + "\n".join(meaning),
        "",
        "| change of the configuration | runs again |",
        "|---|---|",
    ]
    for name, (key, value, jobs) in CHANGES.items():
        change = textwrap.shorten(f"{key}: {_written(value)}", 100, placeholder=" ...")
        lines.append(f"| {name} (`{change}`) | {_with_groups(jobs)} |")
    lines += ["", "| module of `scripts/geomem/` changed | runs again |", "|---|---|"]
    lines += [f"| `{module}` | {_with_groups(jobs)} |" for module, jobs in SOURCES.items()]
    lines += ["", "Nothing runs again for:", ""]
    lines += [f"- {words}" for words in NOTHING]
    return "\n".join(lines) + "\n" + END


def _with_groups(jobs, groups=tuple(GROUPS)):
    """The jobs in words, those of a group by its name."""
    names = []
    for name in groups:
        if GROUPS[name] <= jobs:
            jobs, names = jobs - GROUPS[name], [*names, f"**{name}**"]
    return "; ".join([*([_in_words(jobs)] if jobs else []), *names]) or "nothing"


def _in_words(jobs):
    """`snapshot 2; measure geometry 0, last; figure depth` for a set of (rule, wildcards)."""
    found = {}
    for rule, wildcards in jobs:
        values = dict(part.split("=") for part in wildcards.split(", ") if part)
        if cell := re.search(r"_w(\d+)_n([\d.]+)_s(\d+)$", values.get("training", "")):
            values |= dict(zip(AXES, cell.groups(), strict=True))
        new = [f"{a} {values[a]}" for a in AXES if a in values and (a, values[a]) in _NEW]
        if new:
            found.setdefault((-1, f"of {new[0]}:"), set()).add((RULES.index(rule), rule))
            continue
        what = [values[name] for name in ("epoch", "table", "figure") if name in values]
        rule_of = f"{rule} {values['measure']}" if "measure" in values else rule
        found.setdefault((RULES.index(rule), rule_of), set()).update((0, name) for name in what)
    parts = [
        f"{key} {', '.join(name for _, name in sorted(names))}".strip()
        for (_, key), names in sorted(found.items())
    ]
    return "; ".join(parts)


# Cells beyond the one that is there before the change.
_NEW = {("width", "3"), ("noise", "0.25"), ("seed", "1")}


def _written(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    print(document(), end="")
