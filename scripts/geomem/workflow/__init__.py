"""What the rules are made of: the experiments, their files, and the params and resources of jobs.

The Snakefile imports this package whenever it starts, and so does every job: standard library,
PyYAML and jsonschema alone. Its functions are called by Snakemake with the wildcards of a job.
"""
