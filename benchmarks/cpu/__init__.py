"""The cost of a plugin's own work: the CPU time of a process that does nothing else."""
