CREATE TABLE rounds (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  challenger_id uuid NOT NULL REFERENCES players,
  opponent_id uuid NOT NULL REFERENCES players,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT rounds_two_players CHECK (challenger_id <> opponent_id)
);

-- One round for each pair, whoever challenged.
CREATE UNIQUE INDEX rounds_pair_key
  ON rounds (least(challenger_id, opponent_id), greatest(challenger_id, opponent_id));
CREATE INDEX rounds_challenger_id ON rounds (challenger_id);
CREATE INDEX rounds_opponent_id ON rounds (opponent_id);

-- A turn begins with its submission. The newest turn of a round says whose move it is.
CREATE TABLE turns (
  round_id uuid NOT NULL REFERENCES rounds ON DELETE CASCADE,
  number integer NOT NULL CHECK (number >= 1),
  submitter_id uuid NOT NULL REFERENCES players,
  face text NOT NULL,
  choices text[] NOT NULL,
  wrong_guesses text[] NOT NULL DEFAULT '{}',
  photo_key text NOT NULL,
  photo_sha256 bytea NOT NULL CHECK (octet_length(photo_sha256) = 32),
  photo_bytes integer NOT NULL CHECK (photo_bytes > 0),
  submitted_at timestamptz NOT NULL,
  guessed_at timestamptz,
  guesser_monocles integer CHECK (guesser_monocles >= 0),
  submitter_monocles integer CHECK (submitter_monocles >= 0),
  PRIMARY KEY (round_id, number),
  CHECK (face = ANY (choices)),
  CHECK (wrong_guesses <@ choices AND NOT face = ANY (wrong_guesses)),
  CHECK (num_nulls(guessed_at, guesser_monocles, submitter_monocles) IN (0, 3))
);

CREATE UNIQUE INDEX turns_photo_key ON turns (photo_key);

CREATE TABLE taunts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  round_id uuid NOT NULL REFERENCES rounds ON DELETE CASCADE,
  player_id uuid NOT NULL REFERENCES players,
  text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 140),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX taunts_of_round ON taunts (round_id, id DESC);
