"""What hears, thinks and speaks: the pipeline of vendors, the agent that uses it, and its tools."""
