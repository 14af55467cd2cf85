"""Recordings: where they are kept, which call they belong to, what is in them, and how parts are silenced."""
