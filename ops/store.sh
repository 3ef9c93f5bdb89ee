# Sourced by backup.sh and restore.sh, after common.sh.
# shellcheck shell=sh disable=SC2034,SC2154  # some variables are for whoever sources this, some from common.sh

# find_store: the store, in kind (postgresql, sqlite), address and ending (of a backup's name): what RATINGSCTL_STORE names,
# else what the configuration file or the default does. `config` masks a password, so there it must be in a file of its own.
find_store() {
  if [ -z "${RATINGSCTL_STORE:-}" ]; then
    settings=$("$program" config -o json) || fail 2 'ratingsctl config does not know the store (see above)'
    RATINGSCTL_STORE=$(printf '%s\n' "$settings" | sed -n 's/.*"store":{"value":"\([^"]*\)".*/\1/p')
    export RATINGSCTL_STORE
  fi
  case $RATINGSCTL_STORE in
    *:\*\*\*@*) fail 2 'the password in the address of the store cannot be read from here; give it by RATINGSCTL_STORE_PASSWORD_FILE' ;;
    sqlite:?*) kind=sqlite address=${RATINGSCTL_STORE#sqlite:} ending=db tool=sqlite3 ;;
    postgresql://*/* | postgres://*/*) kind=postgresql address=$RATINGSCTL_STORE ending=dump tool=pg_dump ;;
    *) fail 2 'the store must be sqlite:PATH or postgresql://user@host/database (RATINGSCTL_STORE, or store in the file)' ;;
  esac
  command -v "$tool" >/dev/null || fail 1 "$tool is not installed"
  if [ "$kind" = postgresql ] && [ -n "${RATINGSCTL_STORE_PASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$RATINGSCTL_STORE_PASSWORD_FILE") || fail 2 "$RATINGSCTL_STORE_PASSWORD_FILE cannot be read"
    export PGPASSWORD
  fi
}
