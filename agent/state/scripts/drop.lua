-- End an owner's lease properly: its room needs no other agent, and its sessions may be claimed. ARGV: owner.
-- The name is fenced, so that a renewal already under way does not restore the lease.
fence(ARGV[1], now())
redis.call('DEL', key('owner', ARGV[1]))
