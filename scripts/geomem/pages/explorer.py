"""The explorer: tables packed as columns, Vega-Lite's script and geomem's, in one HTML file."""

import html
import json
import math
from pathlib import Path

from geomem.figures.style import CONTROLS, KINDS
from geomem.pages.records import BEST, MEAN, WHOLE

_NAMES = {
    "width": "width",
    "noise": "label noise",
    "seed": "seed",
    "metric": "quantity",
    "kind": "kind",
    "epoch": "epoch",
    "scheme": "layers rewound",
    "batch_norm": "batch norm",
    "part": "part",
}
_SCHEMES = {
    "single": "one layer alone",
    "suffix": "a layer and all after it",
    "prefix": "a layer and all before it",
}
_HERE = Path(__file__).parent


def page(experiment, described, tables, notes, script):
    """The explorer of one experiment.

    Parameters
    ----------
    experiment : str
    described : list of dict
        What `geomem.registry.tables.Table.described` gives of each table, in the order of the page.
        Used here: `name`; `title`; `lines`, what a table's lines stand for at first; `heat`,
        whether there are maps; `metrics`, texts by metric, in the order in which they are offered.
    tables : dict of str to DataFrame
        Rows as `geomem.pages.records.records` gives them, by the name of their table. Tables
        without rows are left out.
    notes : dict of str to list of str
        What each section says below its charts.
    script : str
        Vega, Vega-Lite and `vegaEmbed`, as `library` gives them.

    Returns
    -------
    str
        HTML that needs no other file and may not load any.
    """
    sections = [
        _section(table, tables[table["name"]], notes.get(table["name"], []))
        for table in described
        if len(tables.get(table["name"], ()))
    ]
    content = {
        "experiment": experiment,
        "sections": sections,
        "names": _NAMES,
        "texts": _SCHEMES,
        "mean": MEAN,
        "whole": WHOLE,
        "named": [BEST, "last"],
        "colors": {name: look.color for name, look in {**KINDS, **CONTROLS}.items()},
    }
    # Within a script element only "</script" and "<!--" mean anything to HTML.
    data = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>\n"
        # Nothing may be fetched, whatever a name in the data holds.
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; "
        "script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:\">\n"
        "<meta name='viewport' content='width=device-width'>\n"
        "<link rel='icon' href='data:,'>\n"
        f"<title>Explorer: {html.escape(experiment)}</title>\n"
        f"<style>\n{(_HERE / 'explorer.css').read_text(encoding='utf-8')}</style></head>\n"
        f"<body><header><h1>{html.escape(experiment)}</h1><form id='shared'></form></header>\n"
        "<main id='sections'><noscript>This page needs JavaScript; the numbers are in "
        "<code>tables/</code> beside it.</noscript></main>\n"
        f"<script type='application/json' id='content'>{data}</script>\n"
        f"<script>{script}</script>\n"
        f"<script>\n{(_HERE / 'explorer.js').read_text(encoding='utf-8')}</script>\n"
        "</body></html>\n"
    )


def library():
    """Vega, Vega-Lite and vegaEmbed as one script (about 0.9 MB)."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def _section(described, rows, notes):
    """One table as the script reads it: each column's distinct texts and a code per row."""
    texts = ["width", "noise", "seed", *(c for c in _NAMES if c in rows and c not in _RUN)]
    texts += [column for column in ("layer", "warnings", "file") if column in rows]
    numbers = [column for column in ("at", "value", "lo", "hi", "seeds") if column in rows]
    first = {**_FIRST, "metric": [name for name, _ in described["metrics"]]}
    orders = {column: _ordered(rows, column, first.get(column, ())) for column in texts}
    codes = {
        column: rows[column].map({text: code for code, text in enumerate(known)}).tolist()
        for column, known in orders.items()
        if len(known) > 1  # of the only value there is no need to say where
    }
    return {
        **{key: described[key] for key in ("name", "title", "lines", "heat")},
        "units": dict(described["metrics"]),
        "notes": notes,
        "length": len(rows),
        "known": orders,
        "codes": codes,
        "numbers": {column: [_rounded(v) for v in rows[column]] for column in numbers},
    }


_RUN = ("width", "noise", "seed")
_FIRST = {
    "seed": (MEAN,),
    "kind": ("permuted", *KINDS, *CONTROLS),
    "scheme": ("suffix", "single", "prefix"),
    "part": ("label",),
    "batch_norm": ("with-layer",),
}


def _ordered(rows, column, first):
    """Distinct values of a column: layers by depth, numbers, best and last; others as listed."""
    found = rows[column].unique().tolist()
    if column == "layer":
        depth = rows.groupby("layer")["layer_index"].min()
        return sorted(found, key=depth.get)
    if column == "epoch":
        return sorted(found, key=lambda epoch: (0, int(epoch)) if epoch.isdigit() else (1, epoch))
    if column in ("width", "noise"):
        return sorted(found, key=float)
    return sorted(found, key=lambda value: first.index(value) if value in first else len(first))


def _rounded(value):
    """Five significant digits; None for what is not a finite number."""
    return float(f"{value:.5g}") if value is not None and math.isfinite(value) else None
