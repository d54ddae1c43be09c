"""Promotion on screens: the form, and the mixin of the screens that open it."""
