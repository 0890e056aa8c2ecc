"""Scenarios of a persona: what a caller says, and what is expected of the agent."""
