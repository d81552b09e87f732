"""The claims of an experiment as a page to read, and as Markdown."""

import html

import pandas as pd

from geomem.claims.targets import CLAIMS
from geomem.pages.plain import document

MARKS = {"supported": "✓", "contradicted": "✗", "undecided": "?", "not measured": "–"}
SOURCES = {
    "vectors": "Gaussian vectors",
    "manifolds": "manifolds",
    "images": "images",
    "seeds": "seeds",
    "total": "all of these",
    "low_rank": "removed directions",
}
HEAD = (
    "target", "statement", "network", "estimator", "effect", "threshold", "intervals", "verdict",
)  # fmt: skip


FEW_CLASSES = 10  # below it mean-field capacity is off by more: docs/low-rank.md


def page(table, title, confidence, n_manifolds=None):
    """The claims table as one HTML file that needs nothing else.

    Parameters
    ----------
    table : DataFrame
        Columns `geomem.claims.judge.COLUMNS`.
    title : str
        The experiment's name.
    confidence : float
    n_manifolds : int, optional
        Classes of the geometry. Where they are few the page says what that means, first of all.

    Returns
    -------
    str
    """
    parts = [
        f"<h1>Does the paper hold? {html.escape(title)}</h1>",
        f"<p>{_explained(confidence)}</p>",
        _counts(table),
    ]
    if n_manifolds is not None and n_manifolds < FEW_CLASSES:
        parts.insert(1, f"<p><b>{_few(n_manifolds)}</b></p>")
    for claim, text in CLAIMS.items():
        rows = table[table["claim"] == claim]
        if len(rows):
            parts.append(f"<h2>{claim}. {html.escape(text)}</h2>")
            parts.append(_rows(rows[rows["verdict"] != "not measured"]))
            parts.append(_unmeasured(rows[rows["verdict"] == "not measured"]))
    return document(f"Claims: {title}", parts)


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
            **{f"from {name}": _interval(row, name) for name in SOURCES},
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
        "have one. A verdict is <b>supported</b> or <b>contradicted</b> when all intervals lie on "
        "one side of the threshold, else <b>undecided</b>. It is undecided, too, with too few "
        "seeds, where the effect rests on values with a warning, and where it depends on the "
        "number of directions removed from the class centres. Statements about capacity, radius "
        "and dimension are judged by each estimator that was measured: mean-field theory, and GLUE "
        "(all manifolds jointly). Thresholds, and where they come "
        "from, are settings (<code>claims</code> in the configuration).</p><p>Many statements are "
        f"judged here at once: of those whose truth is just at the threshold, "
        f"{100 * (1 - confidence):g} % will be decided by accident. Holm's correction keeps the "
        "probability that any of them is at that level. A verdict that it does not confirm is "
        "marked."
    )


def _few(n_manifolds):
    return (
        f"Only {n_manifolds} classes were analysed. Mean-field capacity is a theory of many "
        f"classes, and with fewer than {FEW_CLASSES} it cannot be told well which directions "
        "their centres share. Rely on the rows of GLUE, or on geometry with nothing removed "
        "(<code>geometry.low_rank: {k: none}</code>)."
    )


def _counts(table):
    counts = table["verdict"].value_counts()
    listed = [f"{MARKS[v]} {v}: {counts[v]}" for v in MARKS if v in counts]
    return f"<p><b>{' · '.join(listed)}</b></p>"


def _rows(rows):
    if not len(rows):
        return ""
    lines = ["<table><tr>" + "".join(f"<th>{name}</th>" for name in HEAD) + "</tr>"]
    previous = None
    for row in rows.itertuples():
        first = row.target != previous
        previous = row.target
        intervals = [f"{SOURCES[name]} {_interval(row, name)}" for name in SOURCES]
        intervals = [text for text in intervals if not text.endswith(" ")]
        verdict = f"{MARKS[row.verdict]} {row.verdict}"
        if row.verdict_holm != row.verdict:
            verdict += f"<br>with Holm's correction: {row.verdict_holm}"
        remark = f"<br><span class='small'>{html.escape(row.remark)}</span>" if row.remark else ""
        lines.append(
            f"<tr><td>{html.escape(row.target) if first else ''}</td>"
            f"<td>{html.escape(row.statement) if first else ''}</td>"
            f"<td class='number'>{_network(row)}</td><td>{row.estimator}</td>"
            f"<td class='number'>{_number(row.effect)}</td>"
            f"<td><span class='number'>{_threshold(row)}</span><br>"
            f"<span class='small'>{html.escape(row.source) if first else ''}</span></td>"
            f"<td class='small number'>{'<br>'.join(intervals)}</td>"
            f"<td class='verdict {row.verdict}'>{verdict}{remark}</td>"
            "</tr>"
        )
    return "\n".join([*lines, "</table>"])


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
    return f"{value:.3g}".replace("inf", "∞")


def _interval(row, name):
    low, high = getattr(row, f"{name}_lo"), getattr(row, f"{name}_hi")
    return "" if pd.isna(low) else f"[{_number(low)}, {_number(high)}]"
