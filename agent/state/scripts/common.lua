-- The beginning of every script. Time is Redis' own, in seconds; no machine's clock is used.
--
-- KEYS[1]: the prefix of every key.
local PREFIX = KEYS[1]

-- All times are in seconds.
--
-- An owner that has not renewed its lease for this time is doubted: its node may be lost, or may have lost only Redis.
-- An owner renews four times in it. A doubt only leads to a question to the agent, so a short time costs little.
local LEASE = 2
-- A doubted owner counts as dead after this time, unless its agent has answered a worker through LiveKit.
local UNKNOWN = 16
-- Another worker asks an agent after this time: the first one may have died.
local ASKED = 5
-- If no lease was renewed for this time, Redis could not be reached, and leases have expired only because of that.
local GAP = 2
-- After a gap nothing is claimed for this time: every living owner renews its lease within a second.
local GRACE = 4
-- A session or room may be claimed again after this time: the process that claimed it has died.
local CLAIMED = 10
-- A room without another agent after this time gets none: its callers have left.
local AGENT_COMES = 60
-- How long ended sessions are kept: 40 days, as in the journal of a machine.
local KEPT = 40 * 86400
-- How long a dead owner's name stays fenced; the calls of a process that was paused for longer are over.
local FENCED = 86400
-- A start that was not answered has no effect after this time (field observation 3).
local IN_FLIGHT = 45
-- After this time any process may repeat the stop that a living owner has tried.
local GIVEN_UP = 15

local function key(...)
    return PREFIX .. table.concat({...}, ':')
end

local function text(number)
    return string.format('%.3f', number)
end

local function now()
    local time = redis.call('TIME')
    return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

-- Note that a machine has reached Redis; return the time.
local function beat()
    local at, last = now(), tonumber(redis.call('GET', key('beat')) or 0)
    if at < last or at - last > GAP then
        redis.call('SET', key('grace'), text(at + GRACE))
        redis.call('DEL', key('doubted'), key('asked'))
    end
    redis.call('SET', key('beat'), text(at))
    return at
end

local function is_grace(at)
    local left = tonumber(redis.call('GET', key('grace')) or 0) - at
    -- More time is left only if the clock was set back.
    return left > 0 and left <= GRACE + 1
end

local function is_fenced(owner)
    return redis.call('ZSCORE', key('fenced'), owner) ~= false
end

-- An owner is alive until its death is decided: by `settle`, when its agent was asked, or by `claim`, after UNKNOWN.
local function is_alive(owner)
    return redis.call('ZSCORE', key('owners'), owner) ~= false
end

local function is_doubtful(owner, at)
    local age = at - tonumber(redis.call('ZSCORE', key('owners'), owner))
    return age < 0 or age > LEASE
end

-- Renew an owner's lease; return whether it had none before.
local function renew(owner, at)
    redis.call('ZREM', key('doubted'), owner)
    redis.call('ZREM', key('asked'), owner)
    return redis.call('ZADD', key('owners'), text(at), owner) == 1
end

-- End an owner's lease for good: from now on it owns nothing.
local function fence(owner, at)
    for _, list in ipairs({'owners', 'doubted', 'asked'}) do
        redis.call('ZREM', key(list), owner)
    end
    redis.call('ZADD', key('fenced'), text(at), owner)
end

-- Decide that an owner is dead. Its room, if it has one, needs another agent.
local function bury(owner, at)
    fence(owner, at)
    if (redis.call('HGET', key('owner', owner), 'room') or '') == '' then
        redis.call('DEL', key('owner', owner))
    else
        redis.call('ZADD', key('left'), text(at), owner)
    end
end

local NUMBERS = {made = 1, started = 1, stopping = 1, ended = 1, ends_by = 1, stops = 1, change = 1, claimed = 1}

local function session(id)
    local fields, found = redis.call('HGETALL', key('session', id)), {}
    for i = 1, #fields, 2 do
        found[fields[i]] = NUMBERS[fields[i]] and tonumber(fields[i + 1]) or fields[i + 1]
    end
    return found
end

-- Forget an owner that has died, and its room.
local function forget(owner)
    redis.call('ZREM', key('left'), owner)
    redis.call('DEL', key('owner', owner))
end

local function finish(id, at)
    redis.call('HSETNX', key('session', id), 'ended', text(at))
    redis.call('SREM', key('open'), id)
end
