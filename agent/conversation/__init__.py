"""The conversation: the pipeline of vendors, the agent that uses it, and its tools."""
