"""Training: recipes, batches, evaluation, exact resume, snapshots."""
