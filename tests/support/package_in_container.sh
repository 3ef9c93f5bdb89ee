#!/usr/bin/env bash
# Run by tests/packages.sh in a fresh container, as root: package_in_container.sh DEBS SOURCE
# Installs the package from DEBS, does with it what people do, upgrades, removes and purges it. Where systemd runs, the
# service and the jobs are tried too. Lines that begin with `figure:` are for the report.
set -euo pipefail
debs=$1 source_dir=$2
deb=$(echo "$debs"/ratingsctl_*.deb)
sample=/usr/share/ratingsctl/ratings_sample.csv

step() { printf '\n-- %s\n' "$*"; }
fail() { printf 'packages: %s\n' "$*" >&2; exit 1; }
expect() { # WHAT WANTED FOUND
  [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
  printf 'ok: %s\n' "$1"
}
figure() { printf 'figure: %s: %s\n' "$1" "$2"; }
milliseconds() { local now=${EPOCHREALTIME/[.,]/}; echo $((now / 1000)); }
has_systemd() { [ -d /run/systemd/system ]; }
apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 --no-install-recommends -y "$@" >>/tmp/apt.log 2>&1 || { tail -20 /tmp/apt.log >&2; fail "apt-get $*"; }; }
# What lies on the machine, without what apt, dpkg and the system keep books in.
files() { find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/cache -o -path /var/log -o -path /var/lib/apt \
  -o -path /var/lib/dpkg -o -path /home -o -path "$debs" -o -path "$source_dir" \) -prune -o -print | sort -u; }
guest() { runuser -u guest -- env -C /home/guest HOME=/home/guest "$@"; }
service_user() { runuser -u ratingsctl -- env -C / HOME=/var/lib/ratingsctl "$@"; }

prepare() {
  step "$(. /etc/os-release && echo "$PRETTY_NAME"), systemd: $(has_systemd && echo runs || echo none)"
  # The official slim images leave manual pages out of every package.
  rm -f /etc/dpkg/dpkg.cfg.d/docker
  apt update
  apt install curl jq procps man-db adduser sqlite3
  id guest >/dev/null 2>&1 || useradd --create-home guest
}

install_it() {
  step 'installation'
  local began before after
  before=$(df --output=used -k / | tail -1)
  began=$(milliseconds)
  apt install "$deb"
  after=$(df --output=used -k / | tail -1)
  figure 'apt-get install, with libraries, ms' $(($(milliseconds) - began))
  figure 'package, bytes' "$(stat -c %s "$deb")"
  figure 'installed, kB' "$(dpkg-query -W -f '${Installed-Size}' ratingsctl)"
  figure 'on disk with libraries, kB' $((after - before))
  expect 'state of the package' 'install ok installed' "$(dpkg-query -W -f '${Status}' ratingsctl)"
  expect 'no library is missing' '' "$(ldd /usr/bin/ratingsctl | grep 'not found' || true)"
  expect 'the configuration is for root and the service alone' 'root:ratingsctl 750' "$(stat -c '%U:%G %a' /etc/ratingsctl)"
  expect 'so is its state' 'ratingsctl:ratingsctl 750' "$(stat -c '%U:%G %a' /var/lib/ratingsctl)"
}

first_two_minutes() {
  step 'an ordinary user: load, serve, curl, purge, undo'
  local began port=5077 server rows answer tries=0
  began=$(milliseconds)
  guest ratingsctl load "$sample" >/home/guest/load.log 2>&1 || fail "load: $(cat /home/guest/load.log)"
  figure "load of the sample ($(($(wc -l <$sample) - 1)) rows, SQLite), ms" $(($(milliseconds) - began))
  [ -s /home/guest/.local/share/ratingsctl/ratings.db ] || fail "the store is not in the user's home"
  began=$(milliseconds)
  runuser -u guest -- env HOME=/home/guest ratingsctl serve --port $port >/home/guest/serve.log 2>&1 &
  server=$!
  until curl -fsS -o /dev/null "http://127.0.0.1:$port/rates/1" 2>/dev/null; do
    tries=$((tries + 1)); [ $tries -lt 500 ] || fail "serve: $(cat /home/guest/serve.log)"
    sleep 0.01
  done
  figure 'serve, from start to first answer of a history, ms' $(($(milliseconds) - began))
  figure 'serve, resident memory, kB' "$(ps -o rss= -C ratingsctl | sort -n | tail -1 | tr -d ' ')"
  answer=$(curl -fsS "http://127.0.0.1:$port/rates/1")
  rows=$(grep -c '^1,' $sample)
  expect 'all ratings of user 1' "$rows" "$(jq length <<<"$answer")"
  expect 'query prints the same' "$answer" "$(guest ratingsctl query 1)"
  guest ratingsctl purge-user 1 --reason try >/home/guest/purge.log 2>/dev/null
  expect 'purged at once' '[]' "$(curl -fsS "http://127.0.0.1:$port/rates/1")"
  # shellcheck disable=SC2046  # the printed line is a command
  guest $(tail -1 /home/guest/purge.log) >/dev/null 2>&1
  expect 'and back' "$answer" "$(curl -fsS "http://127.0.0.1:$port/rates/1")"
  kill "$(pgrep -u guest -x ratingsctl)"
  wait "$server" || fail "serve ended with $?"
}

manual_and_completion() {
  step 'manual and completion'
  man -P cat ratingsctl-load 2>/dev/null | grep -q 'ratingsctl-load' || fail 'man ratingsctl-load'
  man -P cat ratingsctl 2>/dev/null | grep -q 'suspects' || fail 'man ratingsctl'
  # As bash-completion does it: sourced by name, then the function that it registered is asked.
  expect 'bash completes pur' purge-user "$(bash -c '
    . /usr/share/bash-completion/completions/ratingsctl
    COMP_WORDS=(ratingsctl pur) COMP_CWORD=1 COMP_LINE="ratingsctl pur" COMP_POINT=14
    function=$(complete -p ratingsctl | sed "s/.*-F \([^ ]*\).*/\1/")
    $function ratingsctl pur ratingsctl
    echo ${COMPREPLY[*]}')"
  expect 'the pages are all there' "$(find "$source_dir/man" -name '*.1' | wc -l)" "$(find /usr/share/man/man1 -name 'ratingsctl*.1.gz' | wc -l)"
}

units() {
  step 'units'
  apt install systemd
  local unit verified exposure
  for unit in /usr/lib/systemd/system/ratingsctl*; do
    verified=$(systemd-analyze verify "$unit" 2>&1) || fail "$unit: $verified"
    if grep -q ratingsctl <<<"$verified"; then fail "$unit: $verified"; fi
  done
  for unit in /usr/lib/systemd/system/ratingsctl*.service; do
    exposure=$(systemd-analyze security --offline=true --threshold=20 --no-pager "$unit") || fail "$unit is too open: ${exposure##*$'\n'}"
    figure "exposure of $(basename "$unit")" "$(sed -n 's/.*Overall exposure level.*: \([0-9.]* [A-Z]*\).*/\1/p' <<<"$exposure")"
  done
}

of_service() { systemctl show --value -p "$1" ratingsctl.service; }
answers() { curl -fsS -o /dev/null --max-time 2 http://127.0.0.1:5001/ping 2>/dev/null; }
service() {
  step 'the service'
  expect 'enabled' enabled "$(systemctl is-enabled ratingsctl.service)"
  expect 'active' active "$(systemctl is-active ratingsctl.service)"
  expect 'started is listening' notify "$(of_service Type)"
  answers || fail 'the service does not answer'
  local main i times='' status
  main=$(of_service MainPID)
  expect 'its own user' ratingsctl "$(stat -c %U "/proc/$main")"
  status=$(cat "/proc/$main/status")
  expect 'no privilege, ever' '1 2 0000000000000000' "$(awk '/^NoNewPrivs/{n=$2} /^Seccomp:/{s=$2} /^CapBnd/{c=$2} END{print n, s, c}' <<<"$status")"
  service_user ratingsctl load - <$sample >/dev/null 2>&1
  expect 'what its user loads is seen at once' "$(grep -c '^1,' $sample)" "$(curl -fsS http://127.0.0.1:5001/rates/1 | jq length)"
  for i in 1 2 3 4 5; do
    systemctl reset-failed ratingsctl.service  # so many starts in a row would be too many otherwise
    systemctl restart ratingsctl.service
    answers || fail "restart $i: systemctl came back before the server listened"
    times+="$(($(of_service ActiveEnterTimestampMonotonic) - $(of_service ExecMainStartTimestampMonotonic))) "
  done
  figure 'from exec to READY=1 with the sample, five restarts, us' "$times"
  systemctl stop ratingsctl.service
  expect 'a clean end' 'success 0' "$(of_service Result) $(of_service ExecMainStatus)"
  systemctl start ratingsctl.service
  expect 'no warning of ours in the journal' '' "$(journalctl -u ratingsctl.service -o cat --no-pager | grep -iE 'warning|error' || true)"

  step 'further servers'
  local port
  systemctl enable --now --quiet ratingsctl@5011 ratingsctl@5012
  for port in 5011 5012; do
    expect "the server on $port answers from the same store" "$(grep -c '^1,' $sample)" "$(curl -fsS "http://127.0.0.1:$port/rates/1" | jq length)"
  done

  step 'the jobs'
  local job
  for job in backup dedupe purge suspects; do
    expect "$job.timer waits to be wanted" disabled "$(systemctl is-enabled "ratingsctl-$job.timer" || true)"
  done
  install -d -m 750 -o ratingsctl -g ratingsctl /var/lib/ratingsctl/tickets
  echo 42 >/var/lib/ratingsctl/tickets/4711.ids
  chown ratingsctl: /var/lib/ratingsctl/tickets/4711.ids
  for job in backup suspects dedupe purge; do
    systemctl start "ratingsctl-$job.service" || { journalctl -u "ratingsctl-$job.service" --no-pager -o cat >&2; fail "$job"; }
  done
  expect 'the ticket was carried out, and the server shows it' '[]' "$(curl -fsS http://127.0.0.1:5001/rates/42)"
  for job in backups/ratings-*.db reports/suspects-*.txt dedupe/dedupe-*.json tickets/done/ticket-4711-*.json; do
    # shellcheck disable=SC2086  # a pattern
    ls /var/lib/ratingsctl/$job >/dev/null || fail "no $job"
  done
  systemctl enable --now --quiet ratingsctl-backup.timer
}

upgrade() {
  step 'upgrade'
  local version next=/tmp/next main='' further=''
  version=$(dpkg-query -W -f '${Version}' ratingsctl)
  sed -i 's/^#memory-cache.*/memory-cache = "64M"/' /etc/ratingsctl/config.toml
  rm -rf $next
  dpkg-deb --raw-extract "$deb" $next
  sed -i "s/^Version: .*/Version: $version.1/" $next/DEBIAN/control
  dpkg-deb --build --root-owner-group $next /tmp/ratingsctl_next.deb >/dev/null
  if has_systemd; then main=$(of_service MainPID); further=$(systemctl show --value -p MainPID ratingsctl@5011 ratingsctl@5012 | xargs); fi
  apt install /tmp/ratingsctl_next.deb
  expect 'the new version' "$version.1" "$(dpkg-query -W -f '${Version}' ratingsctl)"
  grep -q '^memory-cache = "64M"' /etc/ratingsctl/config.toml || fail 'the changed configuration was lost'
  expect 'the folder is as it was' 'root:ratingsctl 750' "$(stat -c '%U:%G %a' /etc/ratingsctl)"
  if ! has_systemd; then return; fi
  [ "$main" != "$(of_service MainPID)" ] || fail 'the old server still runs'
  answers || fail 'the new server does not answer'
  expect 'further servers run' 'active active' "$(systemctl is-active ratingsctl@5011 ratingsctl@5012 | xargs)"
  for further in $further; do [ ! -e "/proc/$further" ] || fail "a further server still runs in the old version"; done
  expect 'with the old store' "$(grep -c '^1,' $sample)" "$(curl -fsS http://127.0.0.1:5001/rates/1 | jq length)"
  expect 'the wanted timer is still wanted' 'enabled active' "$(systemctl is-enabled ratingsctl-backup.timer) $(systemctl is-active ratingsctl-backup.timer)"
  expect 'the others are not' disabled "$(systemctl is-enabled ratingsctl-purge.timer || true)"
}

remove_and_purge() {
  step 'removal keeps configuration and state, and a new installation takes them up'
  apt remove ratingsctl
  [ ! -e /usr/bin/ratingsctl ] || fail 'the program is still there'
  [ -e /etc/ratingsctl/config.toml ] || fail 'the configuration is gone'
  if has_systemd; then
    expect 'nothing runs' '' "$(pgrep -x ratingsctl || true)"
    expect 'nothing failed' '' "$(systemctl list-units --failed --plain --no-legend 'ratingsctl*')"
  fi
  apt install "$deb"
  if has_systemd; then
    expect 'runs again' 'enabled active' "$(systemctl is-enabled ratingsctl.service) $(systemctl is-active ratingsctl.service)"
    expect 'with the old store' "$(grep -c '^1,' $sample)" "$(curl -fsS http://127.0.0.1:5001/rates/1 | jq length)"
    expect 'and the timer' enabled "$(systemctl is-enabled ratingsctl-backup.timer)"
  fi

  step 'purge'
  apt purge ratingsctl
  local left
  apt purge --autoremove
  files >/tmp/after
  # The user stays, with the copies of its files that useradd and its like keep; and so does a library that apt keeps
  # because another package suggests it.
  left=$(comm -13 /tmp/before /tmp/after | comm -23 - <(sort -u /var/lib/dpkg/info/*.list) |
    grep -vE '^/(etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|etc/ld.so.cache)$' || true)
  if has_systemd; then
    expect 'nothing is left but the backups' '/var/lib/ratingsctl /var/lib/ratingsctl/backups' "$(grep -v '/backups/ratings-' <<<"$left" | xargs)"
    expect 'no unit is known' '' "$(systemctl list-units --all --plain --no-legend 'ratingsctl*')"
  else
    expect 'nothing is left' '' "$left"
  fi
  getent passwd ratingsctl >/dev/null || fail 'the user is gone, and its number may be given away'
}

prepare
files >/tmp/before
install_it
first_two_minutes
manual_and_completion
if has_systemd; then service; fi
upgrade
remove_and_purge
if ! has_systemd; then
  apt install "$deb"
  units
fi
printf '\npackages: all steps passed\n'
