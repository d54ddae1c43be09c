"""The commands of the palette."""
