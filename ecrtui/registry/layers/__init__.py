"""The content of layers and configs: downloads, uploads and mounts."""
