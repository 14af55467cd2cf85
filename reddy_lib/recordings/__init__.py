"""Recordings: where they are, whose they are, what is in them, and how a part of one is silenced. Nothing here sends."""
