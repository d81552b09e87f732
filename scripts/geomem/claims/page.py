"""The claims of an experiment as a page to read, and as Markdown."""

import base64
import html
from pathlib import Path

import pandas as pd

from geomem.claims.deciding import advice, dominant
from geomem.claims.strip import strip
from geomem.claims.words import CLAIMS, INTERVALS, MARKS
from geomem.pages.plain import document

ESTIMATORS = {"mean-field": "mean-field theory", "glue": "GLUE"}
FEW_CLASSES = 10  # below it mean-field capacity is off by more: docs/low-rank.md
_TERMS = (
    "The paper: Stephenson et al., <i>On the geometry of generalization and memorization in deep "
    "neural networks</i>, ICLR 2021. <b>Permuted</b>: training images with a wrong label. "
    "<b>Restored</b>: the same images under their true labels. <b>Best</b> epoch: {best}. "
    "<b>2/M</b>: capacity of M points per class without structure; M is the number of images "
    "analysed of each class. Distances from 2/M, and changes, are fractions: 0.1 is 10 %."
)
_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def page(table, title, settings, n_manifolds=None, figures=None):
    """The claims table as one HTML file that needs nothing else.

    Parameters
    ----------
    table : DataFrame
        Columns `geomem.claims.judge.COLUMNS`.
    title : str
        The experiment's name.
    settings : dict
        `confidence`, `min_seeds` and `best_epoch` that it was judged with.
    n_manifolds : int, optional
        Classes of the geometry. Where they are few the page says what that means, first of all.
    figures : dict of str to (str, bytes), optional
        For each claim that one is shown beside, the name of a figure and its PNG file.

    Returns
    -------
    str
    """
    at = settings["best_epoch"]
    best = "highest validation accuracy" if at == "validation" else f"epoch {at}, as configured"
    parts = [
        f"<h1>Does the paper hold? {html.escape(title)}</h1>",
        f"<p class='terms'>{_TERMS.format(best=best)}</p>",
        _counts(table),
    ]
    if n_manifolds is not None and n_manifolds < FEW_CLASSES:
        parts.append(f"<p><b>{_few(n_manifolds)}</b></p>")
    parts.append(_overview(table))
    for claim, text in CLAIMS.items():
        rows = table[table["claim"] == claim]
        if len(rows):
            parts += _section(claim, text, rows, settings, figures or {})
    parts += ["<h2>How this is judged</h2>", f"<p>{_explained(settings['confidence'])}</p>"]
    return document(f"Claims: {title}", parts, style=_STYLE)


def markdown_rows(table):
    """Dicts for a short Markdown table of what was measured: one row per verdict."""
    measured = table[table["verdict"] != "not measured"]
    return [
        {
            "target": row.target,
            "noise": f"{row.noise:g}",
            "width": "all" if pd.isna(row.width) else int(row.width),
            "estimator": row.estimator,
            "effect": _number(row.effect),
            **{f"from {name}": _interval(row, name) for name in INTERVALS},
            "threshold": _threshold(row),
            "seeds": row.n_seeds,
            "verdict": row.verdict,
            "with Holm": row.verdict_holm,
        }
        for row in measured.itertuples()
    ]


def _explained(confidence):
    return (
        "Every effect is the mean over seeds. Its uncertainty has four sources: the Gaussian "
        "vectors, the manifolds (classes), the images that accuracies and gradients were measured "
        f"on, and the seeds. Each has its own {100 * confidence:g} % interval, and all together "
        "have one, the thick line. A verdict is <b>supported</b> or <b>contradicted</b> when all "
        "intervals lie on one side of the threshold, else <b>undecided</b>. It is undecided, too, "
        "with too few seeds, where the effect rests on values with a warning, and where it depends "
        "on the number of directions removed from the class centres. Statements about capacity, "
        "radius and dimension are judged by each estimator that was measured: mean-field theory, "
        "and GLUE (all manifolds jointly). Thresholds, and where they come from, are settings "
        "(<code>claims</code> in the configuration). All numbers are in "
        "<code>claims/claims.csv</code>.</p><p>Many statements are judged here at once: of those "
        f"whose truth is just at the threshold, {100 * (1 - confidence):g} % will be decided by "
        "accident. Holm's correction keeps the probability that any of them is at that level. A "
        "verdict that it does not confirm is marked. How many seeds would decide a statement is "
        "told from their spread, were mean and spread to stay as they are."
    )


def _few(n_manifolds):
    return (
        f"Only {n_manifolds} classes were analysed. Mean-field capacity is a theory of many "
        f"classes, and with fewer than {FEW_CLASSES} it cannot be told well which directions "
        "their centres share. Rely on GLUE (<code>analysis: {measures: [geometry, low_rank, glue], "
        "store: gram}</code> adds its rows)."
    )


def _counts(table):
    return f"<p class='counts'>{_tally(table)}</p>"


def _tally(table):
    """`✓ 3 supported · ? 1 undecided` of some rows."""
    counts = table["verdict"].value_counts()
    return " · ".join(
        f"<span class='{verdict}'>{mark} {counts[verdict]} {verdict}</span>"
        for verdict, mark in MARKS.items()
        if verdict in counts
    )


def _overview(table):
    """One line per claim: what it says, and its verdicts."""
    lines = [
        f"<tr><th scope='row'><a href='#{claim}'>{claim}</a></th><td>{html.escape(text)}</td>"
        f"<td class='tally'>{_tally(table[table['claim'] == claim])}</td></tr>"
        for claim, text in CLAIMS.items()
        if (table["claim"] == claim).any()
    ]
    return f"<table class='overview'>{''.join(lines)}</table>"


def _section(claim, text, rows, settings, figures):
    """One claim: its statements, and the figure beside them."""
    measured = rows[rows["verdict"] != "not measured"]
    statements = "".join(
        _statement(of_target, settings) for _, of_target in measured.groupby("target", sort=False)
    )
    figure = _figure(claim, *figures[claim]) if claim in figures and len(measured) else ""
    return [
        f"<section id='{claim}'><h2>{claim}. {html.escape(text)}</h2>",
        f"<div class='claim'><div>{statements}",
        _unmeasured(rows[rows["verdict"] == "not measured"]),
        f"</div>{figure}</div></section>",
    ]


def _figure(claim, name, png):
    picture = base64.b64encode(png).decode("ascii")
    return (
        f"<figure><img src='data:image/png;base64,{picture}' alt='figure {name}, about claim "
        f"{claim}' /><figcaption>figures/{name}.png</figcaption></figure>"
    )


def _statement(rows, settings):
    """One statement with a line for each network and estimator."""
    first = rows.iloc[0]
    lines = [
        f"<div class='statement'><h3>{html.escape(first['target'])}. "
        f"{html.escape(first['statement'])}</h3>"
        f"<p class='small'>Threshold: {html.escape(first['source'])}.</p><table>"
    ]
    for row in rows.itertuples():
        number = f"{_number(row.effect)} ({_threshold(row)} asked for)"
        interval = f"; interval {_interval(row, 'total')}" if _interval(row, "total") else ""
        told = f"effect {number}{interval}"
        estimator = f"<br>{ESTIMATORS.get(row.estimator, row.estimator)}" if row.estimator else ""
        lines.append(
            f"<tr><td class='network'>{_network(row)}{estimator}</td>"
            f"<td>{strip(row, told)}<br><span class='small'>{html.escape(told)}</span></td>"
            f"<td class='verdict'>{_verdict(row, settings)}</td></tr>"
        )
    return "".join([*lines, "</table></div>"])


def _verdict(row, settings):
    """The verdict with what hinders it, where its uncertainty is from, and what would help."""
    parts = [f"<span class='{row.verdict}'>{MARKS[row.verdict]} {row.verdict}</span>"]
    if row.verdict_holm != row.verdict:
        parts.append(f"with Holm's correction: {row.verdict_holm}")
    small = [html.escape(row.remark)] if row.remark else []
    if mostly := dominant(row):
        name, fraction = mostly
        small.append(f"uncertainty mostly from {INTERVALS[name]} ({100 * fraction:.0f} %)")
    if help_ := advice(row, settings["min_seeds"]):
        small.append(f"<b>To decide it:</b> {html.escape(help_)}.")
    return "<br>".join([*parts, *(f"<span class='small'>{text}</span>" for text in small)])


def _unmeasured(rows):
    """One line per reason: which targets were not measured, and where."""
    reasons = {}
    for row in rows.itertuples():
        where = reasons.setdefault(row.remark, {})
        name = f"{row.target} ({row.estimator})" if row.estimator == "glue" else row.target
        where.setdefault(_network(row), []).append(name)
    lines = []
    for reason, where in reasons.items():
        targets = {}
        for network, names in where.items():
            targets.setdefault(", ".join(names), []).append(network)
        shown = "; ".join(f"{names} ({' / '.join(at)})" for names, at in targets.items())
        lines.append(f"<li>{html.escape(shown)}: {html.escape(reason)}</li>")
    return f"<p class='small'>Not measured:</p><ul class='small'>{''.join(lines)}</ul>" * bool(
        lines
    )


def _network(row):
    width = "all widths" if pd.isna(row.width) else f"width {int(row.width)}"
    seeds = "1 seed" if row.n_seeds == 1 else f"{row.n_seeds} seeds"
    return f"noise {row.noise:g}, {width}" + (f"<br>{seeds}" if row.n_seeds else "")


def _threshold(row):
    return f"{'≥' if row.bound == 'at least' else '≤'} {row.threshold:g}"


def _number(value):
    return f"{value:.3g}".replace("inf", "∞").replace("-", "−")


def _interval(row, name):
    low, high = getattr(row, f"{name}_lo"), getattr(row, f"{name}_hi")
    return "" if pd.isna(low) else f"[{_number(low)}, {_number(high)}]"
