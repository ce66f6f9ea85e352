-- Which database this is, among those whose photos are in one bucket.
CREATE TABLE installation (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  -- There is one row.
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only)
);

INSERT INTO installation DEFAULT VALUES;
