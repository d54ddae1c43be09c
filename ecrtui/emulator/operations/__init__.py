"""The operations of the ECR API. One module per API area.

Each operation is a function from a request context to the members of the response.
"""
