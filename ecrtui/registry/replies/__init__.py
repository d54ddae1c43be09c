"""The replies of ECR: parsed, checked, and converted to values."""
