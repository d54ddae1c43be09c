"""The plan form in its three shapes, and how a screen carries a plan out."""
