-- Forget the conversation of a room, unless another agent goes on with it. ARGV: room, owner, agent.
-- An owner that was fenced forgets nothing: the agent that comes after it may not have read the conversation yet.
if not is_fenced(ARGV[2]) and redis.call('HGET', key('conversation', ARGV[1]), 'agent') == ARGV[3] then
    redis.call('DEL', key('conversation', ARGV[1]))
end
