"""What a run shows while it goes on and when it ends.

Snakemake's logger plugin `snakemake_logger_plugin_geomem` hands on what happens. Standard library
alone, besides the headlines.
"""
