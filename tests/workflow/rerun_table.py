"""Write docs/reruns.md: `python -m tests.workflow.rerun_table > docs/reruns.md`."""

import re
import textwrap

from geomem.registry.stages import STAGES

from tests.workflow.rerun_cases import CHANGES, NOTHING, SOURCES

START = """\
# What a change runs again

Every row is a test: the workflow is run on a small configuration (one width, noise and seed; epochs
0 and last analysed), the change is made, a dry run must list exactly the jobs named here, and
none once the change is undone. Other experiments have no job in such a list (tested for the
learning rate). `make explain` says the same of your own change before you run it.

`python -m tests.workflow.rerun_table` writes this file from `tests/workflow/rerun_cases.py`.

Jobs: `images`, `labels`, `analysis_set` (which images are analysed), `train`, `snapshot` (weights
at an epoch), `activations`, `measure`, `rewind`, `gradients`, `simulation`, `examples` (when each
training image is learned), `table`, `figure`, `claims`, `explorer` (one page of all experiments),
`headline`, `provenance` (which lists every result, so it comes after any), `landing` (the page of
all experiments, which comes after provenance). Images, labels, trainings and snapshots are made
once for all experiments that ask for the same.
"""

RULES = tuple(STAGES)  # in the order of the workflow
AXES = ("width", "noise", "seed")


def document():
    """The text of docs/reruns.md."""
    lines = [START, "| change of the configuration | runs again |", "|---|---|"]
    for name, (key, value, jobs) in CHANGES.items():
        change = textwrap.shorten(f"{key}: {_written(value)}", 100, placeholder=" ...")
        lines.append(f"| {name} (`{change}`) | {_in_words(jobs)} |")
    lines += ["", "| module of `scripts/geomem/` changed | runs again |", "|---|---|"]
    lines += [f"| `{module}` | {_in_words(jobs)} |" for module, jobs in SOURCES.items()]
    lines += ["", "Nothing runs again for:", ""]
    lines += [f"- {words}" for words in NOTHING]
    return "\n".join(lines) + "\n"


def _in_words(jobs):
    """`snapshot 2; measure geometry 0, last; figure depth` for a set of (rule, wildcards)."""
    found = {}
    for rule, wildcards in jobs:
        values = dict(part.split("=") for part in wildcards.split(", ") if part)
        if cell := re.search(r"_w(\d+)_n([\d.]+)_s(\d+)$", values.get("training", "")):
            values |= dict(zip(AXES, cell.groups(), strict=True))
        new = [f"{a} {values[a]}" for a in AXES if a in values and (a, values[a]) in _NEW]
        what = [values[name] for name in ("epoch", "table", "figure") if name in values]
        rule_of = f"{rule} {values['measure']}" if "measure" in values else rule
        key = rule_of if not new else f"{rule_of} of {new[0]}"
        found.setdefault((RULES.index(rule), key), []).extend(what)
    parts = [
        f"{key} {', '.join(sorted(names))}".strip() for (_, key), names in sorted(found.items())
    ]
    return "; ".join(parts) or "nothing"


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
