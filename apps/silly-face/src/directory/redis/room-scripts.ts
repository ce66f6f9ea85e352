import { FORGOTTEN_MS, UNENTERED_MS } from '../options.ts';
import { PROCESSES } from './process-scripts.ts';

/** What the scripts about rooms have in common. A fence is compared as text: it is written without a fraction. */
const ROOMS = `
local function holds(room, fence, owner)
  local held = redis.call('HMGET', room, 'fence', 'owner')
  return held[1] == fence and held[2] == owner
end

local function touch(room, log)
  redis.call('PEXPIRE', room, ${FORGOTTEN_MS})
  redis.call('PEXPIRE', log, ${FORGOTTEN_MS})
end

local function pass(room, fence, owner)
  redis.call('HSET', room, 'fence', string.format('%d', fence + 1), 'owner', owner)
end

-- An older snapshot does not take the place of a newer one.
local function keep(room, log, seq, state)
  local kept = redis.call('HGET', room, 'seq')
  if not kept or tonumber(kept) <= tonumber(seq) then redis.call('HSET', room, 'seq', seq, 'state', state) end
  redis.call('ZREMRANGEBYSCORE', log, '-inf', seq)
end
`;

const CLAIMS = `${PROCESSES}${ROOMS}
local room, log = unpack(KEYS, 7, 8)

local function claim()
  local fence, owner, seq = unpack(redis.call('HMGET', room, 'fence', 'owner', 'seq'))
  -- Nobody has come into it: whoever joins is logged. A closed room has a higher fence, which must not begin again.
  if fence == '1' and not seq and redis.call('EXISTS', log) == 0 then
    redis.call('PEXPIRE', room, ${UNENTERED_MS})
  else
    touch(room, log)
  end
  return { tonumber(fence), process(owner) }
end
`;

export const ROOM_SCRIPTS = {
  /** to or nothing, aboveFence, 1 if it must exist; the claim, 'no-room', or nothing when there is no process. Until its next heartbeat a room is counted here. */
  locate: `${CLAIMS}
local to, aboveFence = ARGV[1], tonumber(ARGV[2])
local fence, owner = unpack(redis.call('HMGET', room, 'fence', 'owner'))
if ARGV[3] == '1' and not fence then return 'no-room' end
fence = tonumber(fence or 0)
-- A claim that is not above the fence does not count: the store lost its memory, and who says so had the room later.
if owner and fence > aboveFence and isAlive(owner) then return claim() end
local chosen, itsRooms, itsConnections
for _, id in ipairs(living()) do
  if (to == '' or to == id) and not isDraining(id) then
    local r, c = tonumber(redis.call('HGET', rooms, id)), tonumber(redis.call('HGET', connections, id))
    if not chosen or r < itsRooms or (r == itsRooms and c < itsConnections) then
      chosen, itsRooms, itsConnections = id, r, c
    end
  end
end
if not chosen then return false end
pass(room, math.max(fence, aboveFence), chosen)
redis.call('HINCRBY', rooms, chosen, 1)
return claim()
`,

  /** fence, owner, to, seq, state; the claim, or why not */
  handOver: `${CLAIMS}
local fence, owner, to, seq, state = unpack(ARGV)
if not holds(room, fence, owner) then return 'fence-lost' end
if not isAlive(to) or isDraining(to) then return 'process-expired' end
pass(room, fence, to)
keep(room, log, seq, state)
redis.call('HINCRBY', rooms, to, 1)
return claim()
`,

  /** fence, owner, seq, state. The fence rises already: who had the room cannot write to it while nobody has it. */
  release: `${ROOMS}
local room, log = unpack(KEYS)
local fence, owner, seq, state = unpack(ARGV)
if not holds(room, fence, owner) then return 'fence-lost' end
pass(room, fence, '')
keep(room, log, seq, state)
touch(room, log)
`,

  /** fence, owner */
  close: `${ROOMS}
local room, log = unpack(KEYS)
if not holds(room, ARGV[1], ARGV[2]) then return 'fence-lost' end
pass(room, ARGV[1], '')
redis.call('HDEL', room, 'seq', 'state')
redis.call('DEL', log)
touch(room, log)
`,

  /** Of each room its two keys, and fence, owner, count, then seq and event as often; of each room whether it was written. */
  append: `${ROOMS}
local outcomes, at = {}, 1
for each = 1, #KEYS, 2 do
  local room, log, fence, owner, count = KEYS[each], KEYS[each + 1], ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  local held = holds(room, fence, owner)
  for _ = 1, count do
    local seq, event = ARGV[at], ARGV[at + 1]
    at = at + 2
    if held then
      -- Written twice it is there once.
      redis.call('ZREMRANGEBYSCORE', log, seq, seq)
      redis.call('ZADD', log, seq, seq .. ':' .. event)
    end
  end
  if held then touch(room, log) end
  table.insert(outcomes, held and 1 or 0)
end
return outcomes
`,

  /** fence, owner, seq, state */
  saveSnapshot: `${ROOMS}
local room, log = unpack(KEYS)
local fence, owner, seq, state = unpack(ARGV)
if not holds(room, fence, owner) then return 'fence-lost' end
keep(room, log, seq, state)
touch(room, log)
`,

  /** fence, owner, seq, state */
  replace: `${ROOMS}
local room, log = unpack(KEYS)
local fence, owner, seq, state = unpack(ARGV)
if not holds(room, fence, owner) then return 'fence-lost' end
redis.call('DEL', log)
redis.call('HSET', room, 'seq', seq, 'state', state)
touch(room, log)
`,

  /** fence, owner; seq and state of the snapshot, and the log */
  load: `${ROOMS}
local room, log = unpack(KEYS)
if not holds(room, ARGV[1], ARGV[2]) then return 'fence-lost' end
local seq, state = unpack(redis.call('HMGET', room, 'seq', 'state'))
return { seq, state, redis.call('ZRANGEBYSCORE', log, seq and '(' .. seq or '-inf', '+inf') }
`,
};
