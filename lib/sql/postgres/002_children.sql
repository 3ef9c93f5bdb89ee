-- Version 2: a bulk load fills several children at the same time, each over a connection of its own.
-- Runs in one transaction, under the advisory lock of the migrations.

DROP FUNCTION ratingsctl.make_child();
DROP FUNCTION ratingsctl.swap_child(regclass);

-- Every row is checked when it is written, as before. NOT VALID says that older rows need not be looked at: a bulk load has
-- checked its rows itself, and the server checking them again took a seventh of the time of a COPY.
DO $$
DECLARE
  c record;
BEGIN
  FOR c IN SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
           WHERE conrelid = 'public.ratings'::regclass AND contype = 'c' LOOP
    EXECUTE format('ALTER TABLE public.ratings DROP CONSTRAINT %I, ADD CONSTRAINT %I %s NOT VALID',
                   c.conname, c.conname, c.definition);
  END LOOP;
END $$;

-- An empty child, not yet attached. Its CHECK says what the partition's constraint will say, so ATTACH does not scan.
CREATE FUNCTION ratingsctl.make_child(modulus integer, remainder integer) RETURNS regclass
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  child text := format('ratingsctl.ratings_%s', nextval('ratingsctl.child_number'));
BEGIN
  EXECUTE format('CREATE TABLE %s (LIKE public.ratings INCLUDING DEFAULTS, '
                 'CONSTRAINT fits CHECK (satisfies_hash_partition(%s, %s, %s, user_id)))',
                 child, 'public.ratings'::regclass::oid, modulus, remainder);
  RETURN child::regclass;
END $$;

-- Puts filled children, all of them, in the place of the present ones and raises the floor (a swap fires no trigger).
-- The n-th holds the users of remainder n − 1.
CREATE FUNCTION ratingsctl.swap_children(children regclass[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old   regclass;
  child regclass;
  c     record;
BEGIN
  FOR old IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'public.ratings'::regclass LOOP
    EXECUTE format('DROP TABLE %s', old);
  END LOOP;
  FOR i IN 1 .. cardinality(children) LOOP
    child := children[i];
    -- The parent's own, NOT VALID like there: nothing is scanned.
    FOR c IN SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
             WHERE conrelid = 'public.ratings'::regclass AND contype = 'c' LOOP
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', child, c.conname, c.definition);
    END LOOP;
    EXECUTE format('ALTER TABLE public.ratings ATTACH PARTITION %s FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                   child, cardinality(children), i - 1);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT fits', child);
    PERFORM ratingsctl.attach_triggers(child);
  END LOOP;
  PERFORM ratingsctl.advance(true);
END $$;

REVOKE ALL ON FUNCTION ratingsctl.swap_children(regclass[]), ratingsctl.make_child(integer, integer) FROM PUBLIC;

INSERT INTO ratingsctl.schema_migration (version) VALUES (2);
