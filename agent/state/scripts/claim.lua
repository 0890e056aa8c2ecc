-- Claim the sessions and rooms of dead owners. ARGV: the service's address, `rooms` to claim rooms too.
-- Returns JSON: sessions to stop, and rooms without agents.
local at, api_url = beat(), ARGV[1]
local sessions, rooms = {}, {}
if is_grace(at) then
    return cjson.encode({sessions = 0, rooms = 0})
end
for _, owner in ipairs(redis.call('ZRANGE', key('owners'), 0, -1)) do
    if is_doubtful(owner, at) then
        redis.call('ZADD', key('doubted'), 'NX', text(at), owner)
        if at - tonumber(redis.call('ZSCORE', key('doubted'), owner)) > UNKNOWN then
            bury(owner, at)
        end
    end
end
redis.call('ZREMRANGEBYSCORE', key('fenced'), '-inf', text(at - FENCED))
local due = ARGV[2] == 'rooms' and redis.call('ZRANGEBYSCORE', key('left'), '-inf', text(at)) or {}
for _, owner in ipairs(due) do
    local died = tonumber(redis.call('ZSCORE', key('fenced'), owner) or 0)
    local room = redis.call('HMGET', key('owner', owner), 'room', 'agent', 'dispatch')
    if room[1] and at - died <= AGENT_COMES then
        redis.call('ZADD', key('left'), text(at + CLAIMED), owner)
        rooms[#rooms + 1] = {room = room[1], agent = room[2], dispatch = room[3]}
    else
        forget(owner)
    end
end
for _, id in ipairs(redis.call('SMEMBERS', key('open'))) do
    local each = session(id)
    local waits = each.stopping and each.stopping + 2 ^ math.min(each.stops or 0, 5) or 0
    local is_given_up = each.stopping and at - each.stopping > GIVEN_UP
    if not each.made then
        redis.call('SREM', key('open'), id)
    elseif each.api_url == api_url and at >= waits and at >= (each.claimed or 0)
        and (is_given_up or not is_alive(each.owner)) then
        redis.call('HSET', key('session', id), 'claimed', text(at + CLAIMED))
        each.session_id, each.age = id, at - each.made
        sessions[#sessions + 1] = each
    end
end
return cjson.encode({sessions = #sessions > 0 and sessions or 0, rooms = #rooms > 0 and rooms or 0})
