-- Give up a claim of sessions. A room stays claimed until it has an agent. ARGV: the sessions.
for _, id in ipairs(ARGV) do
    redis.call('HDEL', key('session', id), 'claimed')
end
