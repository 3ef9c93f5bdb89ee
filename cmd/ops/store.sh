# Sourced by backup.sh and restore.sh, after common.sh.
# shellcheck shell=sh disable=SC2034,SC2154  # some variables are for whoever sources this, some from common.sh

# find_store: the store, however --store may name it, in kind (postgresql, sqlite), address and ending (of a backup's name): what RATINGSCTL_STORE names,
# else what the configuration file or the default does. `config` masks a password, so there it must be in a file of its own.
find_store() {
  if [ -z "${RATINGSCTL_STORE:-}" ]; then
    settings=$("$program" config -o json) || fail 2 'ratingsctl config does not know the store (see above)'
    RATINGSCTL_STORE=$(printf '%s\n' "$settings" | sed -n 's/.*"store":{"value":"\([^"]*\)".*/\1/p')
    export RATINGSCTL_STORE
  fi
  case $RATINGSCTL_STORE in
    *:\*\*\*@* | *password*=*\*\*\**) fail 2 'the password in the address of the store cannot be read from here; give it by RATINGSCTL_STORE_PASSWORD_FILE' ;;
    sqlite:?*) kind=sqlite address=${RATINGSCTL_STORE#sqlite:} ending=db tool=sqlite3 ;;
    postgresql://* | postgres://*) kind=postgresql ;;
    *=*)
      # host=… : a word, then an equals sign.
      case ${RATINGSCTL_STORE%%=*} in
        *[!A-Za-z0-9_\ ]*) kind= ;;
        *) kind=postgresql ;;
      esac
      ;;
    *) kind= ;;
  esac
  [ "$kind" != postgresql ] || address=$RATINGSCTL_STORE ending=dump tool=pg_dump
  [ -n "$kind" ] || fail 2 \
    "the store must be sqlite:PATH, postgresql://user@host/database or libpq's keywords (RATINGSCTL_STORE, or store in the file)"
  command -v "$tool" >/dev/null || fail 1 "$tool is not installed"
  if [ "$kind" = postgresql ]; then hide_password; fi
}

# hide_password: what others see in the list of processes are arguments, so the password goes into the environment.
hide_password() {
  parts=$(address=$address LC_ALL=C awk -f "$(dirname "$0")/password.awk") || fail 1 'awk failed (see above)'
  newline='
'
  address=${parts%%"$newline"*}
  if [ -n "${RATINGSCTL_STORE_PASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$RATINGSCTL_STORE_PASSWORD_FILE") || fail 2 "$RATINGSCTL_STORE_PASSWORD_FILE cannot be read"
    export PGPASSWORD
  elif [ "$parts" != "$address" ]; then
    export PGPASSWORD="${parts#*"$newline"}"
  fi
}

# sqlite_word TEXT: as one argument of a command of the sqlite3 shell, which knows backslashes between double quotes only.
sqlite_word() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# sql_text TEXT: as a literal.
sql_text() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/''/g")"; }
