-- List the calls whose owners' leases have expired, each to one worker at a time, which then asks their agents.
-- Returns JSON.
local at, calls = beat(), {}
for _, owner in ipairs(is_grace(at) and {} or redis.call('ZRANGE', key('owners'), 0, -1)) do
    local call = redis.call('HMGET', key('owner', owner), 'room', 'agent', 'dispatch')
    local asked = tonumber(redis.call('ZSCORE', key('asked'), owner) or 0)
    if is_doubtful(owner, at) and (call[1] or '') ~= '' and at - asked > ASKED then
        redis.call('ZADD', key('asked'), text(at), owner)
        calls[#calls + 1] = {owner = owner, room = call[1], agent = call[2], dispatch = call[3]}
    end
end
return cjson.encode(#calls > 0 and calls or 0)
