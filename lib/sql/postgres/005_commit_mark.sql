-- Version 5: each change of the store leaves a mark, so that whoever did not hear the answer to its COMMIT can look for it. The
-- number of a transaction does not do: after a crash the server gives numbers that had not reached its log to somebody else.
-- Runs in one transaction, under the advisory lock of the migrations.

CREATE TABLE ratingsctl.commit_mark (
  mark uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  at   timestamptz NOT NULL DEFAULT now()  -- a mark is asked for within seconds; after a day the next change removes it
);
CREATE INDEX commit_mark_at ON ratingsctl.commit_mark (at);

INSERT INTO ratingsctl.schema_migration (version) VALUES (5);
