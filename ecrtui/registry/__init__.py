"""ECR as the application sees it: a protocol, and its implementation over boto3."""
