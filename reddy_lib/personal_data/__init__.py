"""Find personal data in words: which characters of which line, of what kind, and why.

`finding` is the way in. It follows the conversation (`dialogue`): words that ask for something (`cues`, from
`slot_words.txt` by way of `vocabulary`) open a slot, and what fits it (`runs` of digits, `answers` in words) is marked.
`forms` knows what can be told without that. `spoken_forms` says made-up numbers as people say them, to measure all this.
"""

from reddy_lib.personal_data.finding import find_in_text, find_personal_data
from reddy_lib.personal_data.said import FINDER, KINDS, TITLES, Said

__all__ = ["FINDER", "KINDS", "TITLES", "Said", "find_in_text", "find_personal_data"]
