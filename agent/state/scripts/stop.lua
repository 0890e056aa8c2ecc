-- Note that another machine's session is about to be stopped, or was stopped. ARGV: session, `stopping` or `stopped`.
local at, id = now(), ARGV[1]
local known, place = session(id), key('session', id)
if not known.made or known.ended then
    return
end
if ARGV[2] == 'stopping' then
    redis.call('HSET', place, 'state', 'stopping', 'stopping', text(at), 'stops', (known.stops or 0) + 1)
elseif known.started or known.made < at - IN_FLIGHT then
    finish(id, at)
end
