"""Short examples: front ends, and a receiver of webhooks."""
