"""The landing page of a results folder: every experiment with its headline and links."""

import base64
import html
import re
from pathlib import Path
from urllib.parse import quote

from geomem.claims.words import CLAIMS, MARKS
from geomem.headlines.sentences import (
    VERDICTS,
    about,
    claims,
    counted,
    grown_layers,
    headlines,
    percent,
    state,
)
from geomem.storage.pictures import read_picture

PICTURES = ("accuracy", "change", "width", "depth")  # what a reader sees first: two that there are
# Without label noise nothing is memorized, and the best epoch is about the last.
_CLEAN = ("accuracy", "depth")
_HERE = Path(__file__).parent


def pictures(found, place):
    """Paths of the figures that the page shows of an experiment.

    Parameters
    ----------
    found : dict
        Its headline.
    place : pathlib.Path
        Its folder; a figure that is not there is left out.

    Returns
    -------
    dict of str to pathlib.Path
        By name, at most two.
    """
    clean = "recorded" not in found and not any(found["label_noise"])
    wanted = _CLEAN if clean else PICTURES
    names = [name for name in wanted if name in found["figures"]]
    paths = {name: place / "figures" / f"{name}.png" for name in names}
    there = {name: path for name, path in paths.items() if path.exists()}
    return dict(list(there.items())[:2])


def page(found, unfinished=None, shown=None):
    """The landing page.

    Parameters
    ----------
    found : list of dict
        Headlines of the experiments that are done, see `geomem.headlines.measure.headline`.
    unfinished : dict of str to str, optional
        By experiment that is not done, why.
    shown : dict of str to dict, optional
        By experiment, what `pictures` gives.

    Returns
    -------
    str
        HTML that needs no other file. Its links are relative to the results folder; in a frame
        without an address (Snakemake's report) it asks the page around it to open them.
    """
    unfinished, shown = unfinished or {}, shown or {}
    style, script = ((_HERE / f"landing.{kind}").read_text() for kind in ("css", "js"))
    total = len(found) + len(unfinished)
    parts = [
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>geomem: results</title><style>{style}</style></head><body>",
        "<header><h1>What came out</h1>",
        "<p>Networks are trained on images of which some labels are wrong (permuted). Which "
        "layers memorize the wrong labels, and does rewinding them undo it? "
        f"<b>Done: {len(found)} of {counted(total, 'experiment')}.</b></p></header><main>",
        *(_failed(name, why) for name, why in unfinished.items()),
        *(_experiment(one, shown.get(one["experiment"], {})) for one in sorted(found, key=_said)),
        f"</main><footer><p>Best epoch: {_best_epoch(found)}. Capacity: "
        "how many classes a layer separates per feature; that of permuted examples grows where "
        "they are memorized. Rewinding: layers of the final network get the weights that they had "
        "at an earlier epoch. Accuracies are means over the seeds that did not diverge.</p>"
        "</footer>",
        f"<script>{script}</script></body></html>\n",
    ]
    return "\n".join(parts)


def is_current(headline):
    """Whether a headline has what the page shows; those of earlier versions lack some of it.

    They are of experiments that are configured no more: others are made again.
    """
    return "best_epoch" in headline  # what was added last


def _best_epoch(found):
    """Which epoch is called the best one, and where it is another one."""
    others = "".join(
        f"; in {html.escape(one['experiment'])} epoch {one['best_epoch']}, as configured"
        for one in found
        if one["best_epoch"] != "validation"
    )
    return f"the one with the highest validation accuracy{others}"


def _failed(name, why):
    name = html.escape(name)
    code = re.sub("`(.+?)`", r"<code>\1</code>", html.escape(why))
    return (
        f"<article class='unfinished' id='{name}'><h2>{name} <span class='state'>not done</span>"
        f"</h2><p>{code}</p></article>"
    )


def _said(found):
    """Experiments of which a larger fraction of the statements was measured come first."""
    return found["claims"].get("not measured", 0) / max(sum(found["claims"].values()), 1)


def _experiment(found, shown):
    name = html.escape(found["experiment"])
    sentences = "".join(
        f"<dt>{html.escape(title)}</dt><dd>{html.escape(text)}</dd>"
        for title, text in headlines(found)
        if title != "Claims"
    )
    return "\n".join(
        [
            f"<article id='{name}'><h2>{name} <span class='state'>done</span></h2>",
            f"<p class='about'>{html.escape(about(found))} {html.escape(state(found))}.</p>",
            f"<dl>{sentences}<dt>Claims</dt><dd>{_verdicts(found)}</dd></dl>",
            *(_layers(cell) for cell in found["cells"] if len(found["cells"]) == 1),
            _conditions(found["cells"]) if len(found["cells"]) > 1 else "",
            _pictures(found, shown),
            _links(found),
            "</article>",
        ]
    )


def _verdicts(found):
    """The counts in words, and of each claim that was judged what it says and its verdicts."""
    rows = [
        f"<tr><th scope='row'><a href='{_path(found['experiment'], 'claims/claims.html')}#{claim}'>"
        f"{claim}</a></th><td>{html.escape(text)}</td><td>{_tally(counts)}</td></tr>"
        for claim, text in CLAIMS.items()
        if set(counts := found["by_claim"].get(claim, {})) - {"not measured"}
    ]
    table = f"<table class='claims'>{''.join(rows)}</table>" if rows else ""
    return html.escape(claims(found)) + table


def _tally(counts):
    return " ".join(
        f"<span class='{verdict.replace(' ', '-')}'>{MARKS[verdict]} {counts[verdict]} {verdict}"
        "</span>"
        for verdict in VERDICTS
        if verdict in counts
    )


def _layers(cell):
    """How much the capacity of permuted examples grows, layer by layer."""
    measured = cell.get("memorization", {"missing": "no label noise"})
    if measured["missing"]:
        return ""
    grown = grown_layers(measured)
    items = "".join(
        f"<li{' class=grown' if layer in grown else ''}><span>{html.escape(layer)}</span>"
        f"<b>{ratio:.2f}</b></li>"
        for layer, ratio in measured["layers"]
    )
    return (
        "<p class='caption'>Capacity of permuted examples, last over best epoch, from the input "
        f"to the final layer:</p><ol class='layers'>{items}</ol>"
    )


def _pictures(found, shown):
    """Figures within the page, so that it needs no other file; together they fill its width."""
    if not shown:
        return ""
    images = []
    for name, path in shown.items():
        png = read_picture(path)
        width, height = (int.from_bytes(png[start : start + 4], "big") for start in (16, 20))
        images.append(
            f"<img alt='figure {name} of {html.escape(found['experiment'], quote=True)}' "
            f"style='flex-grow:{width / height:.3f};max-width:min(100%,{width / 2:.0f}px)' "
            f"src='data:image/png;base64,{base64.b64encode(png).decode('ascii')}'>"
        )
    return f"<div class='pictures'>{''.join(images)}</div>"


def _conditions(cells):
    head = (
        "noise", "width", "seeds", "test, best epoch", "test, last epoch", "permuted, last epoch",
        "permuted capacity, final layer", "test accuracy recovered",
    )  # fmt: skip
    rows = []
    for cell in cells:
        at = cell["accuracy"]
        best, last = at.get("best", {}), at.get("last", {})
        rates = [best.get("test"), last.get("test"), last.get("permuted")]
        grown = _effect(cell.get("memorization"), "gain", "× {:.2g}".format)
        recovered = _effect(cell.get("rewinding"), "recovered", percent)
        shown = ["" if rate is None else percent(rate) for rate in rates]
        row = [f"{cell['noise']:g}", cell["width"], cell["seeds"], *shown, grown, recovered]
        rows.append(
            "<tr>" + "".join(f"<td>{html.escape(str(each))}</td>" for each in row) + "</tr>"
        )
    titles = "".join(f"<th>{each}</th>" for each in head)
    return f"<div class='wide'><table><tr>{titles}</tr>{''.join(rows)}</table></div>"


def _effect(measured, name, written):
    if measured is None:
        return ""
    missing = measured["missing"] or measured[name]["missing"]
    return f"not measured: {missing}" if missing else written(measured[name]["value"])


def _links(found):
    place = found["experiment"]
    pages = [
        ("Claims", _path(place, "claims/claims.html")),
        ("Explorer", html.escape(f"explorer.html#experiment={quote(place)}")),
        ("Provenance", _path(place, "provenance.html")),
    ]
    pages = "".join(f"<a href='{path}'>{name}</a>" for name, path in pages)
    figures = ", ".join(
        f"<a href='{_path(place, f'figures/{name}.png')}'>{html.escape(name)}</a>"
        for name in found["figures"]
    )
    tables = ", ".join(
        f"<a download href='{_path(place, f'tables/{name}.parquet')}'>{html.escape(name)}</a>"
        for name in found["tables"]
    )
    return (
        f"<nav aria-label='{html.escape(place)}'><p class='pages'>{pages}</p>"
        f"<p>Figures: {figures}</p><p class='files'>Tables (Parquet): {tables}; "
        f"<a download href='{_path(place, 'claims/claims.csv')}'>claims (CSV)</a></p></nav>"
    )


def _path(place, path):
    return html.escape(f"{place}/{path}", quote=True)
