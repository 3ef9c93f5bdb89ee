-- Every batch, newest first, and what has become of it.
SELECT b.name, b.kind, to_char(b.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at, b.who, b.reason, b.users, b.rows,
       (SELECT count(*) FROM ratingsctl.quarantine_record AS q WHERE q.batch = b.seq) +
       (SELECT coalesce(sum(q.records), 0)::bigint FROM ratingsctl.quarantine_pack AS q WHERE q.batch = b.seq) AS held,
       b.undone_at IS NOT NULL AS undone,
       b.generation < p.generation AS superseded,
       b.pruned_at IS NOT NULL AS pruned
FROM ratingsctl.batch AS b
CROSS JOIN ratingsctl.position AS p
ORDER BY b.seq DESC
