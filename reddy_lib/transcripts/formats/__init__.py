"""Each way to write a transcript: text, data, and the formats of vendors."""
