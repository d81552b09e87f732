"""What came out of an experiment, to take in within a minute: as data, in sentences, as a page.

`measure` reads it off the tables. The others need the standard library alone, since Snakemake's own
process shows it in the terminal.
"""
