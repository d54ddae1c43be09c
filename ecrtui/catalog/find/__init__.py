"""Find images in all repositories of a registry."""
