"""The frame of pages that are only read: claims, provenance."""

import html

_STYLE = """
:root { color-scheme: light dark; }
body { font: 14px/1.45 "DejaVu Sans", sans-serif; max-width: 92em; margin: 2em auto; padding: 0 1em;
       color: #222; }
h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin: 1.8em 0 .3em; }
table { border-collapse: collapse; width: 100%; margin: .5em 0; font-size: .87em; }
th, td { text-align: left; vertical-align: top; padding: .35em .6em;
         border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; } td.number { white-space: nowrap; }
table.narrow { width: auto; } pre { font-size: .87em; overflow-x: auto; }
.supported { color: #0072B2; font-weight: bold; }
.contradicted { color: #B34700; font-weight: bold; }
.undecided { color: #444; } .small { color: #555; font-size: .85em; }
td.verdict { min-width: 11em; } a { color: #0b5cad; }
@media screen and (prefers-color-scheme: dark) {
  body { color: #e4e4e4; background: #161616; } a { color: #7cc0f0; }
  .supported { color: #6db9ea; } .contradicted { color: #f2914a; }
  .undecided, .small { color: #b5b5b5; } th, td { border-color: #3c3c3c; }
}
@media screen and (max-width: 45em) { table.narrow { display: block; overflow-x: auto; } }
@media print { body { margin: 0; font-size: 10pt; } }
"""


def document(title, parts, style=""):
    """A whole HTML page.

    Parameters
    ----------
    title : str
        Plain text, which is escaped.
    parts : iterable of str
        HTML, in which every text from outside is escaped already.
    style : str
        CSS of the page's own, after the common one.
    """
    head = (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{_STYLE}{style}</style></head><body>"
    )
    return "\n".join([head, *parts, "</body></html>\n"])


def table(head, rows):
    """A table of plain texts, which are escaped.

    Parameters
    ----------
    head : sequence of str
    rows : iterable of sequences of str
    """
    lines = ["<table class='narrow'><tr>", *(f"<th>{html.escape(n)}</th>" for n in head), "</tr>"]
    for row in rows:
        cells = "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</table>"])
