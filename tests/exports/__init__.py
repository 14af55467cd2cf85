"""An export simulator: files with a known right reading, and a score of how the reader does on them.

dialogues.py                    what was said, in twelve languages
vocabulary.py, more_words.py    names of columns and labels of speakers
forms.py, more_forms.py         ways to write a transcript
dates.py                        ways to write a start
layouts.py                      ways to lay out calls in tables, JSON and archives
kept_apart*.py                  other words, forms, layouts and dates, not to be read by those who write the reader
kept_last*.py                   a second set of that kind, to be run once, at the very end
scrambled.py                    headers that say nothing
sources.py                      which set a sample draws from
files.py                        kinds of files, and what surrounds a table
generator.py                    a sample from a seed
score.py                        the reader's score
"""
