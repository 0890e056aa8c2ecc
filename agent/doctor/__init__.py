"""`python agent.py doctor`: what would keep a call from working."""
