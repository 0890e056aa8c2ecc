-- Forget the conversation of a room, unless another agent continues it. ARGV: room, owner, agent.
-- A fenced owner deletes nothing: the next agent may not have read the conversation yet.
if not is_fenced(ARGV[2]) and redis.call('HGET', key('conversation', ARGV[1]), 'agent') == ARGV[3] then
    redis.call('DEL', key('conversation', ARGV[1]))
end
