"""Pages of an experiment that need nothing else: the explorer, and what its numbers come from."""
