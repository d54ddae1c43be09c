"""The operations of the ECR API, one module for each room: a function takes a call and gives the answer."""
