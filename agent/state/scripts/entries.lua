-- List the sessions that may run. Returns JSON, with ages in seconds; `is_owned` is true if the owner lives.
local at, sessions = now(), {}
for _, id in ipairs(redis.call('SMEMBERS', key('open'))) do
    local each = session(id)
    if each.made then
        each.session_id, each.age, each.is_owned = id, at - each.made, is_alive(each.owner)
        sessions[#sessions + 1] = each
    end
end
return cjson.encode(#sessions > 0 and sessions or 0)
