"""Calls with random faults for half an hour, on a real LiveKit server: `python -m benchmarks.soak`.

What is watched is this process, which is the agent's side; the LiveKit server and the stand-in are processes of their
own. Between two calls nothing of the last ones may be left. Linux only: it looks into /proc.
"""
