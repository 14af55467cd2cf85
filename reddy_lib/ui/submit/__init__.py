"""The panels of Submit, one module each."""
