"""A persona's knowledge: files, folders and links, indexed by the worker and searched by a tool during calls."""
