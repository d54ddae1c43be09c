"""Copy an image into another repository: what belongs to it, the plan, the transfer."""
