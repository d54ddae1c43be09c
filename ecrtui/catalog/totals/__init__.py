"""What the images of a repository come to: how many, how large, how new."""
