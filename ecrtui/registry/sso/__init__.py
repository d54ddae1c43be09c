"""Sign in to IAM Identity Center, and keep the token where the AWS CLI does."""
