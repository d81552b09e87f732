"""The configuration: read, checked, and cut into the settings each stage depends on.

The Snakefile imports this package, so it needs nothing beyond the standard library, PyYAML and
jsonschema.
"""
