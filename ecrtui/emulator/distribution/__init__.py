"""The OCI distribution API (``/v2/``) of the embedded registry, as ECR has it, over the operations of ECR's own API."""
