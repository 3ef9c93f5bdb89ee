-- $1 users (bigint[]): those whom batches know; excluded by one, erased (excluded by a hard purge).
SELECT user_id, bool_or(excluded) AS excluded, bool_or(erased) AS erased
FROM (SELECT e.user_id, true AS excluded, b.kind = 'hard-purge' AS erased
      FROM ratingsctl.exclusion AS e JOIN ratingsctl.batch AS b ON b.seq = e.batch
      WHERE e.user_id = ANY ($1::bigint[])
      UNION ALL SELECT user_id, false, false FROM ratingsctl.quarantine_record WHERE user_id = ANY ($1::bigint[])
      UNION ALL SELECT user_id, false, false FROM ratingsctl.quarantine_pack WHERE user_id = ANY ($1::bigint[])) AS found
GROUP BY user_id
