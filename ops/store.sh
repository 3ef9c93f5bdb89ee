# Sourced by backup.sh and restore.sh, after common.sh.
# shellcheck shell=sh disable=SC2034  # variables are for whoever sources this

# find_store: what RATINGSCTL_STORE names, in kind (postgresql, sqlite), address and ending (of a backup's name).
# pg_dump cannot read our configuration file, so the variable has to be there.
find_store() {
  case ${RATINGSCTL_STORE:-} in
    sqlite:?*) kind=sqlite address=${RATINGSCTL_STORE#sqlite:} ending=db tool=sqlite3 ;;
    postgresql://*/* | postgres://*/*) kind=postgresql address=$RATINGSCTL_STORE ending=dump tool=pg_dump ;;
    *) fail 2 'RATINGSCTL_STORE must name the store: sqlite:PATH or postgresql://user@host/database' ;;
  esac
  command -v "$tool" >/dev/null || fail 1 "$tool is not installed"
  if [ "$kind" = postgresql ] && [ -n "${RATINGSCTL_STORE_PASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$RATINGSCTL_STORE_PASSWORD_FILE") || fail 2 "$RATINGSCTL_STORE_PASSWORD_FILE cannot be read"
    export PGPASSWORD
  fi
}
