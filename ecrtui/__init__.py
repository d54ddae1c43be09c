"""Browse and retag Amazon ECR images from the terminal, byte for byte."""

__version__ = "0.1.0"
