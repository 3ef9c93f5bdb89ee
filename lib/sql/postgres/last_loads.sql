-- $1 how many. The last loads, newest first.
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), name, loaded, rejected, generation
FROM ratingsctl.load_ledger ORDER BY id DESC LIMIT $1::bigint
