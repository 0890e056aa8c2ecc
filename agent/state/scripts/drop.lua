-- End an owner's lease in order: its room needs no other agent, and its sessions may be claimed. ARGV: owner.
-- The name is fenced, so that a renewal that is on its way does not bring the lease back.
fence(ARGV[1], now())
redis.call('DEL', key('owner', ARGV[1]))
