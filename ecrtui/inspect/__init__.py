"""What is in an image: its artifacts, packages, layers and findings, and how it differs from another image."""
