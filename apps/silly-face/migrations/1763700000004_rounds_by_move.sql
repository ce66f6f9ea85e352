-- The rounds of a player are read page by page, the one that moved last first. What the two older indexes were for, these do, too.
CREATE INDEX rounds_challenger_moved ON rounds (challenger_id, updated_at, id);
CREATE INDEX rounds_opponent_moved ON rounds (opponent_id, updated_at, id);
DROP INDEX rounds_challenger_id;
DROP INDEX rounds_opponent_id;
