"""Result files: written whole or not at all, carrying provenance, checked on reading."""
