"""One call: the caller, the agent and the avatar in a room, from the join to the end, within its budget."""
