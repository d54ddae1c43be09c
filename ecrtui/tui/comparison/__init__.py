"""The parts of the screen that compares two images, and the action that opens it."""
