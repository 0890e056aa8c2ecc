-- Reopen sessions whose starts are unanswered and may still take effect: their process was paused. ARGV: the sessions.
local at = now()
for _, id in ipairs(ARGV) do
    local known = session(id)
    if known.made and not known.started then
        redis.call('HSET', key('session', id), 'made', text(at))
        redis.call('HDEL', key('session', id), 'ended', 'stopping', 'stops', 'claimed')
        redis.call('SADD', key('open'), id)
    end
end
