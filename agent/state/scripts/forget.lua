-- Forget the conversation of a room, unless another agent goes on with it. ARGV: room, agent.
if redis.call('HGET', key('conversation', ARGV[1]), 'agent') == ARGV[2] then
    redis.call('DEL', key('conversation', ARGV[1]))
end
