"""The Textual application."""

import os

# Textual reads it when it is imported. A key of a filter draws twice, first itself and then the rows; at the usual
# sixty frames a second the rows would wait for their frame as long as it takes to draw them.
os.environ.setdefault("TEXTUAL_FPS", "120")
