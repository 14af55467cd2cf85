"""Transcripts: a cell becomes transcript lines, and nothing of it is lost.

`read_transcript` takes any cell and answers with lines and findings; `parse_transcript` is its short form for
notebooks. `forms` finds out which form a text has. One module a family of formats: `labelled` (text, with `asides`
for what is no speech and `headers` for names above the words), `subtitles`, `elements` (XML), and for vendors' data,
dispatched by `vendors`: `amazon`, `platforms`, `speech_services`, `assistants`, `vcon`, on the ground of `shapes`.

Anybody's data is decoded by `json_form` and `printed`; `containers` finds the turns in it, `turn_keys` which key holds
what, `unspoken` what nobody said, `people` who the speakers are; `turn_lists` brings it together. `order` puts lines in
order; `times` reads times and finds their unit. `roles` holds the vocabulary of sides, `names` says who a bare name is,
`greetings` who answered the call, and `turns` brings what a family found to its final form. `speakers` looks at a whole
batch; `loss` counts where every character went.
"""

from reddy_lib.transcripts.formats.cut import EXCEL_CELL_LIMIT
from reddy_lib.transcripts.loss import Loss, Placed, accounted, placed
from reddy_lib.transcripts.reading import parse_transcript, read_opening, read_transcript
from reddy_lib.transcripts.roles import KEEP_AS_TAG, LEAVE_OUT, leaning, role_of
from reddy_lib.transcripts.speakers import SpeakerLabel, roles_swapped, speaker_table
from reddy_lib.transcripts.turns import Transcript

__all__ = [
    "EXCEL_CELL_LIMIT",
    "KEEP_AS_TAG",
    "LEAVE_OUT",
    "Loss",
    "Placed",
    "SpeakerLabel",
    "Transcript",
    "accounted",
    "leaning",
    "parse_transcript",
    "placed",
    "read_opening",
    "read_transcript",
    "role_of",
    "roles_swapped",
    "speaker_table",
]
