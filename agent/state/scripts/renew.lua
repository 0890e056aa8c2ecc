-- Renew an owner's lease. ARGV: owner, the room of its call, the agent's identity, its dispatch.
-- Returns `renewed`; `new` if Redis had no such lease; `lost` if the owner was taken for dead.
local at, owner = beat(), ARGV[1]
if is_fenced(owner) then
    return 'lost'
end
local is_new = renew(owner, at)
if is_new or redis.call('EXISTS', key('owner', owner)) == 0 then
    redis.call('HSET', key('owner', owner), 'room', ARGV[2], 'agent', ARGV[3], 'dispatch', ARGV[4])
end
-- The room has an agent again.
for _, dead in ipairs(is_new and ARGV[2] ~= '' and redis.call('ZRANGE', key('left'), 0, -1) or {}) do
    if redis.call('HGET', key('owner', dead), 'room') == ARGV[2] then
        forget(dead)
    end
end
return is_new and 'new' or 'renewed'
