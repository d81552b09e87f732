"""The explorer's HTML: tables packed as columns, the scripts and the style beside this module."""

import json
from pathlib import Path

from scipy.special import stdtrit

from geomem.figures.seeds import CONFIDENCE
from geomem.figures.style import CONTROLS, KINDS
from geomem.pages.explorer import packed
from geomem.pages.explorer.records import BEST, MEAN, NUMBERS, RUN, WHOLE

NAMES = {
    "experiment": "experiment",
    "width": "width",
    "noise": "label noise",
    "seed": "seed",
    "metric": "quantity",
    "kind": "kind",
    "epoch": "epoch",
    "layer": "layer",
    "k": "directions removed",
    "manifold": "manifold",
    "scheme": "layers rewound",
    "batch_norm": "batch norm",
    "part": "part",
    "group": "images",
    "index": "image",
    "true_label": "true label",
    "assigned_label": "assigned label",
    "suffix_layer": "forgotten when rewound from",
    "labels": "labels of the probe",
    "other": "compared with",
}
_TEXTS = {
    "single": "one layer alone",
    "suffix": "a layer and all after it",
    "prefix": "a layer and all before it",
}
_FIRST = {
    "seed": (MEAN,),
    "kind": ("permuted", *KINDS, *CONTROLS),
    "scheme": ("suffix", "single", "prefix"),
    "part": ("label",),
    "batch_norm": ("with-layer",),
    "group": ("permuted, memorized", "permuted, not memorized"),
}
_NUMERIC = ("width", "noise", "k", "manifold", "index")
_HERE = Path(__file__).parent
# In the order in which they are put together: each uses what stands before it.
SCRIPTS = (
    *("table", "state", "select", "scales", "svg", "heat", "lines", "plane", "sheet", "pointer"),
    *("save", "menus", "listing", "page"),
)


def page(experiments, images=None):
    """The explorer.

    Parameters
    ----------
    experiments : list of dict
        `name`; `tables`, what `section` gives of each; and `images`, the name of its data set or
        "".
    images : dict of str to dict, optional
        Of each data set, what `geomem.pages.explorer.examples.thumbnails` gives.

    Returns
    -------
    str
        HTML that needs no other file and may not load any.
    """
    looks = {**KINDS, **CONTROLS}
    content = {
        "experiments": experiments,
        "images": images or {},
        "names": NAMES,
        "texts": _TEXTS,
        "mean": MEAN,
        "whole": WHOLE,
        "best": BEST,
        "colors": {name: look.color for name, look in looks.items()},
        # Of Student's t with 1, 2, ... degrees of freedom, for means over seeds of differences.
        "quantiles": [round(float(stdtrit(n, (1 + CONFIDENCE) / 2)), 4) for n in range(1, 101)],
    }
    # Within a script element only "</script" and "<!--" mean anything to HTML.
    data = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    scripts = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    return _TEMPLATE.format(style=_read("style.css"), data=data, scripts=scripts)


def section(described, rows, notes):
    """One table as the page holds it.

    Parameters
    ----------
    described : dict
        What `geomem.registry.tables.Table.described` gives of it. Used here: `name`, `title`,
        `view`, `lines`, `file`, and `metrics`, in the order in which they are offered.
    rows : DataFrame
        At least one row, as `geomem.pages.explorer.records.records` gives them.
    notes : list of str
        What was left out.
    """
    named = [metric["name"] for metric in described["metrics"]]
    first = {**_FIRST, "metric": named}
    columns = [*RUN, *(c for c in NAMES if c in rows and c not in RUN), "at", "seeds", "warnings"]
    columns += ["chosen"] if "chosen" in rows else []
    known = {column: _ordered(rows, column, first.get(column, ())) for column in columns}
    found = set(known.get("metric", named))
    return {
        **{key: described[key] for key in ("name", "title", "view", "lines", "file")},
        "metrics": {m["name"]: m for m in described["metrics"] if m["name"] in found},
        "notes": notes,
        "length": len(rows),
        "known": known,
        "codes": {column: packed.texts(rows[column], texts) for column, texts in known.items()},
        "numbers": {name: packed.numbers(rows[name]) for name in NUMBERS if name in rows},
    }


def _ordered(rows, column, first):
    """Distinct values of a column: layers by depth, numbers, best and last; others as listed."""
    found = rows[column].unique().tolist()
    if column == "layer":
        depth = rows.groupby("layer")["layer_index"].min()
        return sorted(found, key=depth.get)
    if column == "suffix_layer":
        depth = rows.groupby("suffix_layer")["suffix_layer_index"].min().fillna(-1)
        return sorted(found, key=depth.get)
    if column == "epoch":
        return sorted(found, key=lambda epoch: (0, int(epoch)) if epoch.isdigit() else (1, epoch))
    if column in _NUMERIC:
        return sorted(found, key=float)
    if column in ("at", "seeds", "warnings", "chosen"):
        return sorted(found)
    return sorted(found, key=lambda value: first.index(value) if value in first else len(first))


def _read(name):
    return (_HERE / name).read_text(encoding="utf-8")


# Nothing may be fetched, whatever a name in the data holds.
_TEMPLATE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Explorer</title>
<style>
{style}</style></head>
<body>
<header>
<h1>Explorer</h1>
<nav id="views" aria-label="what is shown"></nav>
<form id="network" aria-label="network"></form>
<form id="choice" aria-label="quantity"></form>
<form id="minus" aria-label="subtract"></form>
</header>
<main>
<noscript>This page needs JavaScript. The numbers are in <code>tables/</code> of each
experiment.</noscript>
<p id="status" role="status"></p>
<div id="charts"></div>
<details id="listing"></details>
<div id="notes"></div>
</main>
<div id="pointed" hidden></div>
<script type="application/json" id="content">{data}</script>
<script>
"use strict";
(() => {{
{scripts}}})();
</script>
</body></html>
"""
