"""Images in files: read, import and export OCI image layouts."""
