"""Keep the last listings and manifests in a file on disk."""
