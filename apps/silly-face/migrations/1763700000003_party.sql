-- A process is alive until its lease ends, by the clock of this server.
CREATE TABLE party_processes (
  id text PRIMARY KEY,
  host text NOT NULL,
  port integer NOT NULL,
  web_socket_url text NOT NULL,
  rooms integer NOT NULL DEFAULT 0,
  connections integer NOT NULL DEFAULT 0,
  draining boolean NOT NULL DEFAULT false,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  lease_ends_at timestamptz NOT NULL
);

-- The row is the lock of all that belongs to the room. A room that is closed keeps it for a day: its fence must not begin again.
CREATE TABLE party_rooms (
  room text PRIMARY KEY,
  fence bigint NOT NULL DEFAULT 0,
  -- The id of a process, which may be gone; nobody after a release.
  owner text,
  touched_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE party_snapshots (
  room text PRIMARY KEY,
  seq bigint NOT NULL,
  state json NOT NULL
);

CREATE TABLE party_log (
  room text NOT NULL,
  seq bigint NOT NULL,
  -- Not jsonb: that refuses some of what players may say, such as \u0000.
  event json NOT NULL,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (room, seq)
);

CREATE TABLE party_seats (
  -- SHA-256: who reads this table cannot take the seat.
  token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  seat json NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE INDEX party_seats_expires_at ON party_seats (expires_at);
