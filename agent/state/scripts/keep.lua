-- Keep the conversation of a room. ARGV: room, owner, agent, conversation, seconds. A fenced owner stores nothing.
if is_fenced(ARGV[2]) then
    return
end
redis.call('HSET', key('conversation', ARGV[1]), 'agent', ARGV[3], 'text', ARGV[4])
redis.call('EXPIRE', key('conversation', ARGV[1]), tonumber(ARGV[5]))
