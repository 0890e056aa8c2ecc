"""What a plugin's own work costs: the CPU time of a process in which nothing else runs."""
