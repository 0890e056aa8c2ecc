-- Note whether a doubted owner's agent has answered. ARGV: owner, `lives` or `dead`.
local at, owner = now(), ARGV[1]
if is_alive(owner) and ARGV[2] == 'lives' then
    renew(owner, at)
elseif is_alive(owner) and is_doubtful(owner, at) then
    bury(owner, at)
end
