"""Proof of what happened in a call: its report, its webhooks and its recording."""
