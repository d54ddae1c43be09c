"""boto3 as the AWS CLI uses it, for ``ecrtui put-image``: its session, its model of PutImage, its errors.

Functions raise what botocore raises. put-image prints these errors in the words of the AWS CLI.
"""
