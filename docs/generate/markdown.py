"""Markdown that several pages about results have."""


def target_name(row, network):
    """A target's name, with its estimator and network where there are several."""
    beside = ["GLUE"] * (row.estimator == "glue") + [network] * bool(network)
    return f"{row.target} ({', '.join(beside)})" if beside else row.target


def table(heads, lines):
    """A table in Markdown."""
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
