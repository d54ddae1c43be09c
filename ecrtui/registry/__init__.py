"""ECR as the application sees it: a protocol, and its one implementation over boto3."""
