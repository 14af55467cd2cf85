"""The panels of Outcomes, one module each."""
