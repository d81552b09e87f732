"""What a table's warnings say, in few lines."""

from collections import Counter

from geomem.warning import unpack


def warned_lines(table):
    """How many values carry each kind of warning, the most frequent first.

    Parameters
    ----------
    table : DataFrame
        With a column `warnings`, packed (`geomem.warning`).

    Returns
    -------
    list of str
        Each with the text of one warning of its kind; numbers in it may differ in others.
    """
    counts, texts = Counter(), {}
    for packed, values in table["warnings"].value_counts().items():
        records = {record.code: record.text for record in unpack(packed)}
        counts.update(dict.fromkeys(records, values))
        texts = {**records, **texts}
    return [f"{n:,} of {len(table):,} values: {texts[code]}" for code, n in counts.most_common()]
