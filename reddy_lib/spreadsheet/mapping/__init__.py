"""Columns become fields: evidence, guesses, and what only a person can tell."""
