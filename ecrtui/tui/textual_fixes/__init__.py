"""Workarounds for defects of Textual 8.2, one module each.

Each module says what is wrong in Textual, which upstream issue reports it and when the module can be deleted, or
which of them it is a part of.
``tests/tui/textual_fixes/test_canaries.py`` fails when Textual no longer has the defect or changes the internals used.
"""
