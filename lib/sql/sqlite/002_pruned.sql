-- Version 2: what old batches hold can be erased. Same model and meaning as in sql/postgres/003_quarantine.sql, without its packs.

ALTER TABLE ratingsctl_batch ADD COLUMN pruned_at TEXT;  -- what it had taken was erased

INSERT INTO ratingsctl_schema_migration (version) VALUES (2);
