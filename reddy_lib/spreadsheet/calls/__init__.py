"""Rows become calls."""
