"""An export simulator: files with a known right reading, and a score of how the reader does on them.

dialogues.py    what was said, in twelve languages
vocabulary.py   names of columns and labels of speakers
kept_apart.py   a third of them, held out: not to be read by those who write the reader
forms.py        ways to write a transcript
dates.py        ways to write a start
layouts.py      ways to lay out calls in tables, JSON and archives
files.py        kinds of files, and what surrounds a table
generator.py    a sample from a seed
score.py        the reader's score
"""
