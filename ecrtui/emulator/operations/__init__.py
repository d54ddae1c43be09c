"""The operations of the ECR API, one module per API area."""
