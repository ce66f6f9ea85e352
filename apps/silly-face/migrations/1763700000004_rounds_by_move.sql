-- All at once and before anything else: a move holds a weak lock on rounds and then wants a stronger one, and so would these, one
-- after the other, each waiting for the other. Who reads waits behind this lock, so it is not asked for longer than a moment.
SET LOCAL lock_timeout = '2s';
LOCK TABLE rounds IN ACCESS EXCLUSIVE MODE;

-- The rounds of a player are read page by page, the one that moved last first. What the two older indexes were for, these do, too.
CREATE INDEX rounds_challenger_moved ON rounds (challenger_id, updated_at, id);
CREATE INDEX rounds_opponent_moved ON rounds (opponent_id, updated_at, id);
DROP INDEX rounds_challenger_id;
DROP INDEX rounds_opponent_id;
