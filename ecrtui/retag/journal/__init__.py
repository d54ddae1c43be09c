"""Every write, durable before it is sent."""
