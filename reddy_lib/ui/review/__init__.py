"""The panels of the Review page, one module each."""
