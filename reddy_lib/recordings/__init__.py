"""Recordings: where they are kept, which call each belongs to, what is in them, and how parts are silenced. Sends nothing."""
