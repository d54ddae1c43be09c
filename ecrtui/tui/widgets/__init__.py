"""Pieces that the screens are made of; they know values and messages, nothing else."""
