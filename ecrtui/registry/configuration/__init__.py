"""The AWS configuration: variables, files and profiles, read in the order of the AWS CLI."""
