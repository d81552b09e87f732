"""Result files: written to a temporary name and renamed, carrying provenance, checked on reading."""
