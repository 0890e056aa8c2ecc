"""What a persona knows: files, folders and links, indexed by the worker and searched by a tool during calls."""
