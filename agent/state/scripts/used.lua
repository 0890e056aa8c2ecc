-- Add up the seconds of sessions. ARGV: length of the counted period in seconds, service or '', room or ''.
-- A sum over all rooms is cached for five seconds, since every call requests it.
local at, api_url, room = now(), ARGV[2], ARGV[3]
local since = at - tonumber(ARGV[1])
local cache = key('used', api_url, math.floor(since / 60 + 0.5))
if room == '' then
    local sum = redis.call('GET', cache)
    if sum then
        return sum
    end
    redis.call('ZREMRANGEBYSCORE', key('sessions'), '-inf', text(at - KEPT))
end
local ids = room == '' and redis.call('ZRANGEBYSCORE', key('sessions'), text(since - 86400), '+inf')
    or redis.call('SMEMBERS', key('room', room))
local sum = 0
for _, id in ipairs(ids) do
    local each = session(id)
    if each.made and (api_url == '' or each.api_url == api_url) then
        local from = math.max(each.started or each.made, since)
        sum = sum + math.max(0, math.min(each.ended or at, each.ends_by) - from)
    end
end
if room == '' then
    redis.call('SET', cache, text(sum), 'PX', 5000)
end
return text(sum)
