"""Find personal data in words: which characters of which line, of what kind, and why.

`finding` is the way in. It follows the conversation (`dialogue`): words that ask for something (`cues`, from
`slot_words.txt` by way of `vocabulary`) open a slot, and what fits it (`runs` of digits, `answers` in words) is marked.
`forms` knows what can be told without that, `repeats` finds a value again elsewhere in its call, and `heard_numbers`
tells digits alone, however they are said. `file_names` looks at the name of a recording. `self_test` measures all this
on real conversations: it plants made-up numbers in copies of them, as people say them (`spoken_forms`).
"""

from reddy_lib.personal_data.file_names import find_in_file_name
from reddy_lib.personal_data.finding import find_in_name, find_in_text, find_personal_data
from reddy_lib.personal_data.heard_numbers import heard_numbers
from reddy_lib.personal_data.repeats import repeats, values_in, values_of
from reddy_lib.personal_data.said import FINDER, KINDS, NOT_KEPT, PLURALS, TITLES, Said
from reddy_lib.personal_data.self_test import FinderTest, self_test
from reddy_lib.personal_data.telling import may_be_personal

__all__ = [
    "FINDER",
    "KINDS",
    "NOT_KEPT",
    "PLURALS",
    "TITLES",
    "FinderTest",
    "Said",
    "find_in_file_name",
    "find_in_name",
    "find_in_text",
    "find_personal_data",
    "heard_numbers",
    "may_be_personal",
    "repeats",
    "self_test",
    "values_in",
    "values_of",
]
