-- Copy a session from a machine's journal. ARGV: the process that copies it, the session as JSON.
-- A late or repeated copy changes nothing. An end is final, except one that was copied before the start.
local at, teller, told = now(), ARGV[1], cjson.decode(ARGV[2])
local id, known = told.session_id, session(told.session_id)
if known.change and known.change >= told.change then
    return
end
local function age(name)
    return told[name] and text(at - told[name])
end
local place = key('session', id)
redis.call('HSET', place, 'change', told.change, 'api_url', told.api_url, 'owner', told.owner, 'room', told.room)
redis.call('HSETNX', place, 'made', age('made'))
if told.started and not known.started then
    redis.call('HSET', place, 'started', age('started'))
    redis.call('HDEL', place, 'ended')
    known.ended = nil
end
redis.call('HSET', place, 'ends_by', text(at + told.ends_in))
if not known.ended then
    -- A stop that another machine has tried stays recorded.
    local state = known.stopping and 'stopping' or told.state
    redis.call('HSET', place, 'state', state, 'stops', math.max(told.stops, known.stops or 0))
    if told.stopping then
        redis.call('HSET', place, 'stopping', age('stopping'))
    end
    redis.call('SADD', key('open'), id)
end
if told.ended then
    finish(id, at - told.ended)
end
redis.call('ZADD', key('sessions'), text(at - told.made), id)
redis.call('EXPIRE', place, KEPT)
redis.call('SADD', key('room', told.room), id)
redis.call('EXPIRE', key('room', told.room), KEPT)
-- A process that copies its own session lives.
if told.owner == teller and not told.ended and not is_fenced(teller) then
    renew(teller, at)
end
