CREATE TABLE players (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{3,20}$'),
  -- scrypt with its parameters and salt, see store/passwords.
  password_hash text NOT NULL,
  monocles integer NOT NULL DEFAULT 0 CHECK (monocles >= 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Names are unique whatever their case; the lobby is listed in this order.
CREATE UNIQUE INDEX players_name_key ON players (lower(name));

CREATE TABLE sessions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  player_id uuid NOT NULL REFERENCES players ON DELETE CASCADE,
  -- SHA-256: who reads this table cannot log in with it.
  token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_player_id ON sessions (player_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
