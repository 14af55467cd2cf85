"""The panels of the Load page, one a module."""
