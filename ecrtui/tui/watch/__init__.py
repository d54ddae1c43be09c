"""Read what a screen shows again at an interval, and show what others changed."""
