"""The documentation, and the modules that write its generated tables."""
