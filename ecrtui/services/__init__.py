"""What the product does, over the model and the registry."""
