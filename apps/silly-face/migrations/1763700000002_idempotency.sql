-- What was answered to which request, written in the transaction of its effect.
CREATE TABLE idempotency_keys (
  -- The player's id, or 'anonymous'.
  scope text NOT NULL,
  key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
  -- SHA-256 of method, path and body, without secrets.
  fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
  answer json,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (scope, key)
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
