-- $1 seconds: what prune.sql would erase.
SELECT b.name, sum(held.records)::bigint AS rows
FROM ratingsctl.batch AS b
JOIN (SELECT batch, 1 AS records FROM ratingsctl.quarantine_record
      UNION ALL SELECT batch, records FROM ratingsctl.quarantine_pack) AS held ON held.batch = b.seq
WHERE b.at <= now() - make_interval(secs => $1::bigint)
GROUP BY b.seq, b.name
ORDER BY b.seq
