"""Before a run: what would be done and why, and what it would cost."""
