#!/bin/sh
# Puts a backup of backup.sh into the place of the store that ratingsctl uses. Servers may run meanwhile: they answer from
# the store before until the exchange, and from the backup once this script has ended; caches need no attention.
#   restore.sh FILE
# On PostgreSQL owner, locale, rights (GRANT … ON DATABASE) and settings (ALTER DATABASE … SET, ALTER ROLE … IN DATABASE … SET) of
# the database are those of the live one; what this user may not give again is said. Logical replication slots stay behind.
# What the store was before is kept beside it; its name is printed. Ended before the exchange, by a signal too, it leaves the
# store as it was. No ratingsctl command may change the store meanwhile: what it changed would be in what is kept, and not in the
# store.
set -eu
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=store.sh
. "$(dirname "$0")/store.sh"

[ $# -eq 1 ] || usage 'FILE'
file=$1
if [ ! -f "$file" ] || [ ! -r "$file" ]; then fail 2 "$file: no file that can be read"; fi
find_store
now=$(date -u +%Y%m%dt%H%M%Sz)
session=ratingsctl-restore-$now-$$
apart= # what to start a command with that no signal from the terminal may end

# check URL: a backup of something else must be noticed before the exchange.
check() {
  state=$(RATINGSCTL_STORE=$1 RATINGSCTL_CACHE=none "$program" status -o json) ||
    fail 1 "$file does not hold a store that ratingsctl can use; the store is as it was"
  case $state in
    *'"schema":0,'*) fail 1 "$file holds no store of ratingsctl; the store is as it was" ;;
    *'"ok":false'*)
      RATINGSCTL_STORE=$1 RATINGSCTL_CACHE=none "$program" status >&2
      fail 1 "$file holds a store with something wrong (above); the store is as it was"
      ;;
  esac
}

# ask DATABASE SQL…: one psql, which stops at the first error.
ask() {
  at=$1
  shift
  for sql in "$@"; do
    set -- "$@" -c "$sql"
    shift
  done
  $apart psql -X -q -w -v ON_ERROR_STOP=1 -d "$(at_database "$at")" "$@" >/dev/null
}

# at_database NAME: the address with another database, and a name to know our sessions by; of two values libpq takes the later one.
at_database() {
  case $address in
    *://*\?*) printf '%s&dbname=%s&application_name=%s' "$address" "$1" "$session" ;;
    *://*) printf '%s?dbname=%s&application_name=%s' "$address" "$1" "$session" ;;
    *) printf '%s dbname=%s application_name=%s' "$address" "$1" "$session" ;;
  esac
}

# Rights and settings of a database itself are in no backup, and it is the live one that people have set up: the new one gets
# what that has now.

# make_like LIVE NEW: an empty database of the same owner, encoding, locale and tablespace. Which columns tell the locale, the
# versions of PostgreSQL do not agree on.
make_like() {
  psql -X -q -w -v ON_ERROR_STOP=1 -v live="$1" -v new="$2" -d "$(at_database postgres)" >/dev/null <<'SQL'
SELECT format('CREATE DATABASE %I WITH OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
              :'new', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype)
       || CASE row ->> 'datlocprovider'
            WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(row ->> 'datlocale', row ->> 'daticulocale'))
                          || coalesce(format(' ICU_RULES %L', row ->> 'daticurules'), '')
            WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', row ->> 'datlocale')
            ELSE '' END
       || coalesce((SELECT format(' TABLESPACE %I', spcname) FROM pg_tablespace
                    WHERE pg_tablespace.oid = dattablespace AND spcname <> 'pg_default'), '')
FROM (SELECT d.*, to_jsonb(d) AS row FROM pg_database AS d WHERE datname = :'live') AS live \gexec
SQL
}

# set_like LIVE NEW: comment, limit, rights, and settings of the database and of roles in it. What cannot be given is said, each
# as psql says it, and does not end it. A value that is a list is kept as its quoted elements.
set_like() {
  psql -X -q -w -b -v live="$1" -v new="$2" -d "$(at_database postgres)" <<'SQL' >/dev/null
SELECT format('COMMENT ON DATABASE %I IS %L', :'new', shobj_description(oid, 'pg_database'))
FROM pg_database WHERE datname = :'live' AND shobj_description(oid, 'pg_database') IS NOT NULL \gexec
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'new', datconnlimit)
FROM pg_database WHERE datname = :'live' AND datconnlimit >= 0 \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', :'new', pg_get_userbyid(datdba))
FROM pg_database WHERE datname = :'live' AND datacl IS NOT NULL \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s', privilege_type, :'new',
              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
       || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM pg_database, aclexplode(datacl) WHERE datname = :'live' \gexec
SELECT CASE setrole WHEN 0 THEN format('ALTER DATABASE %I', :'new')
         ELSE format('ALTER ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'new') END
       || format(' SET %s TO ', (SELECT string_agg(quote_ident(part), '.') FROM string_to_table(name, '.') AS part))
       || CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
            THEN (SELECT string_agg(quote_literal(coalesce(replace(word[1], '""', '"'), word[2])), ', ')
                  FROM regexp_matches(value, '"((?:[^"]|"")*)"|([^,\s]+)', 'g') AS word)
            ELSE quote_literal(value) END
FROM pg_db_role_setting, unnest(setconfig) AS setting,
     split_part(setting, '=', 1) AS name, substr(setting, length(name) + 2) AS value
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = :'live') \gexec
SQL
}

# take_back: what is ours goes, and the live database lets everybody in again. A client that was ended may have left a statement
# at work, which would come after this. Another Ctrl-C does not reach what runs here.
take_back() {
  trap '' HUP INT TERM
  apart='setsid -w'
  ask postgres "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                WHERE application_name = '$session' AND pid <> pg_backend_pid()" || true
  if [ "$closed" = yes ]; then
    ask postgres "ALTER DATABASE $database ALLOW_CONNECTIONS true" || true
    name_before # a COMMIT without an answer may have been one
  fi
  ask postgres "DROP DATABASE IF EXISTS $fresh WITH (FORCE)" || true
}

# name_before: when there is one. Its connections are only for whoever wants to look into it.
name_before() {
  ask postgres "ALTER DATABASE $before ALLOW_CONNECTIONS true" 2>/dev/null || return 0
  printf 'the store before is the database %s; to remove it: DROP DATABASE %s\n' "$before" "$before"
}

# A database of its own is filled first: in the live one, servers would read and cache what is half there, under a position
# that says it is all. Then both change names in one transaction.
restore_postgresql() {
  database=$(psql -X -q -A -t -w -d "$address" -c 'SELECT current_database()') || fail 4 'the store cannot be reached (see above)'
  case $database in
    '' | *[!a-z0-9_]*) fail 2 "database '$database': only small letters, digits and underscores" ;;
  esac
  fresh=${database}_restore_$now
  before=${database}_before_$now
  closed=no
  at_end take_back
  make_like "$database" "$fresh" || fail 1 'no database could be created (see above)'
  pg_restore --exit-on-error --no-password --dbname "$(at_database "$fresh")" "$file" ||
    fail 1 'pg_restore failed (see above); the store is as it was'
  ask "$fresh" 'ANALYZE' || fail 1 'ANALYZE failed (see above); the store is as it was'
  check "$(at_database "$fresh")"
  lost=$(set_like "$database" "$fresh" 2>&1) || fail 1 "asking what is set for the database $database: $lost; the store is as it was"
  if [ -n "$lost" ]; then
    printf '%s\n%s: of the rights and settings of the database %s, what is above could not be kept; a superuser can give it again\n' \
      "$lost" "$script" "$database" >&2
  fi

  # A server that is thrown out comes back at once: it must not get in before the names have changed.
  closed=yes
  ask postgres "ALTER DATABASE $database ALLOW_CONNECTIONS false" \
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname IN ('$database', '$fresh')" \
    "BEGIN" "ALTER DATABASE $database RENAME TO $before" "ALTER DATABASE $fresh RENAME TO $database" "COMMIT" ||
    fail 1 'the databases could not change names (see above); the store is as it was'
  at_end name_before
  ask "$database" 'SELECT ratingsctl.barrier()' || fail 1 'the backup is in its place, but servers may need some seconds to see it'
}

remove_before() { rm -f "$before"; }
name_before_file() { printf 'the store before is %s\n' "$before"; }

# SQLite's own way to write over a file that others have open. cp and mv would not tell them, and end in a broken file.
restore_sqlite() {
  before=$address.before-$now
  [ "$(sqlite3 "$file" 'PRAGMA quick_check')" = ok ] || fail 1 "$file is damaged or no SQLite file; the store is as it was"
  check "sqlite:$file"
  if [ -f "$address" ]; then
    at_end remove_before
    sqlite3 -cmd '.timeout 30000' "$address" "VACUUM INTO $(sql_text "$before")" ||
      fail 1 "the store could not be kept at $before; it is as it was"
    at_end name_before_file
  fi
  sqlite3 -cmd '.timeout 30000' "$address" ".restore $(sqlite_word "$file")" || fail 1 'the restore failed (see above); the store is as it was'
}

"restore_$kind"
