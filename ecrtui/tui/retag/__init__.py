"""Retagging on the screen: the plan form, its variants and the mixins that apply a plan."""
