"""Compare two images: values and pure functions, and the reads that they need."""
