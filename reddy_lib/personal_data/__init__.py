"""Find personal data in words: transcripts, tags and fields."""
