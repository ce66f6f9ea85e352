/** What the scripts about processes have in common. KEYS begin with the process keys. */
export const PROCESSES = `
local leases, addresses, started, rooms, connections, draining = unpack(KEYS, 1, 6)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function isAlive(id)
  local lease = redis.call('ZSCORE', leases, id)
  return lease and tonumber(lease) > now
end

local function renew(id, leaseMs)
  redis.call('ZADD', leases, string.format('%d', now + leaseMs), id)
end

local function expel(id)
  redis.call('ZREM', leases, id)
  for _, hash in ipairs({ addresses, started, rooms, connections }) do redis.call('HDEL', hash, id) end
  redis.call('SREM', draining, id)
end

local function living()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do expel(id) end
  return redis.call('ZRANGE', leases, 0, -1)
end

local function isDraining(id)
  return redis.call('SISMEMBER', draining, id) == 1
end

local function process(id)
  return {
    id,
    redis.call('HGET', addresses, id),
    redis.call('HGET', started, id),
    redis.call('HGET', rooms, id),
    redis.call('HGET', connections, id),
    isDraining(id) and 1 or 0,
  }
end
`;

export const PROCESS_SCRIPTS = {
  /** id, address, lease */
  checkIn: `${PROCESSES}
local id, address, leaseMs = unpack(ARGV)
expel(id)
renew(id, leaseMs)
redis.call('HSET', addresses, id, address)
redis.call('HSET', started, id, string.format('%d', now))
redis.call('HSET', rooms, id, 0)
redis.call('HSET', connections, id, 0)
`,

  /** id, lease, rooms, connections; true when it was renewed */
  heartbeat: `${PROCESSES}
local id, leaseMs, itsRooms, itsConnections = unpack(ARGV)
if not isAlive(id) then return false end
renew(id, leaseMs)
redis.call('HSET', rooms, id, itsRooms)
redis.call('HSET', connections, id, itsConnections)
return 1
`,

  /** id */
  drain: `${PROCESSES}
if isAlive(ARGV[1]) then redis.call('SADD', draining, ARGV[1]) end
`,

  /** id */
  expel: `${PROCESSES}
expel(ARGV[1])
`,

  processes: `${PROCESSES}
local list = {}
for _, id in ipairs(living()) do table.insert(list, process(id)) end
return list
`,
};
