"""The registry in a process of its own: it cannot delay the screen, and only that process loads boto3."""
