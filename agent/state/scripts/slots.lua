-- Count the other rooms that use or hold a slot; hold one for this room if any is left.
-- ARGV: the service's address, the room, the number of slots (0: only count), seconds for which the slot is held.
local at, api_url, room = now(), ARGV[1], ARGV[2]
local held, rooms, count = key('slots', api_url), {}, 0
redis.call('ZREMRANGEBYSCORE', held, '-inf', text(at))
for _, each in ipairs(redis.call('ZRANGE', held, 0, -1)) do
    rooms[each] = true
end
for _, id in ipairs(redis.call('SMEMBERS', key('open'))) do
    local each = redis.call('HMGET', key('session', id), 'api_url', 'room')
    if each[1] == api_url then
        rooms[each[2] == '' and id or each[2]] = true
    end
end
for each in pairs(rooms) do
    if each ~= room then
        count = count + 1
    end
end
if count < tonumber(ARGV[3]) then
    redis.call('ZADD', held, text(at + tonumber(ARGV[4])), room)
end
return count
