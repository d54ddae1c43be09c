"""The registry in a process of its own, so that nothing it does holds up the screen; botocore is loaded there alone."""
