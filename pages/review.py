import streamlit as st
from reddy_lib import ui
from reddy_lib.ui.review.open_call import draw_open_call
from reddy_lib.ui.review.calls_list import draw_list
batch = ui.open_batch()
left, right = st.columns([3,5])
frame = batch.calls(limit=50)
row = int(st.query_params.get("row", frame.index[0]))
def op(r): st.query_params["row"]=str(r)
with left:
    draw_list(batch, frame, key="k", names={}, opened=row, open_row=op)
with right:
    draw_open_call(batch, row, key="k", names={}, texts=None, marks={1:[(0,4,"hit","")]}, head=lambda s: st.write(f"**Row {row}** {s}"))
