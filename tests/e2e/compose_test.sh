#!/usr/bin/env bash
# docker-compose.yml on a real engine, from a clean copy of the tree, as a user would walk through it.
#   compose_test.sh SOURCE_DIR
# A project name, a host port and a folder of its own; everything is removed at the end, whatever happened.
set -euo pipefail

source_dir=$(cd "$1" && pwd)
# Under $TMPDIR or /tmp: bind mounts need a path that the engine sees.
work=$(mktemp -d "${TMPDIR:-/tmp}/ratingsctl-compose.XXXXXX")
export COMPOSE_PROJECT_NAME="ratingsctl-test-$$"
PUBLISH_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PUBLISH_PORT
base=http://127.0.0.1:$PUBLISH_PORT
delta_seconds=1.1   # the default Δ and the rounding that barrier() adds

step() { printf '\n-- %s\n' "$*"; }
fail() { printf 'compose_test: %s\n' "$*" >&2; exit 1; }
compose() { docker compose --progress quiet "$@"; }
job() { compose run --rm -T "$@"; }
query() { compose exec -T postgres psql -X -q -A -t -U ratings -d ratings -c "$1"; }

clean_up() {
  local status=$?
  set +e
  if [ "$status" -ne 0 ]; then
    echo '-- the last lines of each log:' >&2
    compose logs --no-color --tail 30 >&2
  fi
  export COMPOSE_FILE=docker-compose.yml:docker/compose.volumes.yml COMPOSE_PROFILES=scale  # which is all there can be
  compose down -v --remove-orphans --timeout 5 >/dev/null 2>&1
  docker image rm "$COMPOSE_PROJECT_NAME" "$COMPOSE_PROJECT_NAME-balancer" >/dev/null 2>&1
  # pg_data belongs to the container's user; a container removes it where this script's user may not.
  rm -rf "$work" 2>/dev/null || docker run --rm -v "$work:/left" redis:8 sh -c 'rm -rf /left/*' && rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

wait_until() { # SECONDS COMMAND…
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}
get() { curl -sS --fail --max-time 10 "$base$1"; }
rates_answer() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$base/rates/$1")" = 200 ]; }
expect() { # WHAT WANTED FOUND
  [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
  printf 'ok: %s\n' "$1"
}
state_of_rows() {
  query 'SELECT count(*), coalesce(md5(string_agg(r::text, chr(10) ORDER BY r::text)), chr(45)) FROM ratings r'
}
# How often the statement log shows that the history of user $1 was read. A statement runs over several lines; its
# parameter follows in a line of its own.
selects_of() {
  compose logs --no-color --no-log-prefix postgres 2>&1 | awk -v parameter="\$1 = '$1'" '
    / LOG: / { text = $0; next }
    / DETAIL: / { if (text ~ /FROM public\.ratings AS r/ && index($0, parameter)) n++; next }
    { text = text $0 }
    END { print n + 0 }'
}

step 'a clean copy of the tree'
tar -C "$source_dir" --exclude=./.git --exclude=./build --exclude=./pg_data --exclude=./secrets --exclude=./.env \
  --exclude=./data/ratings.csv -cf - . | tar -C "$work" -xf -
cd "$work"
# One image for this run alone: the tag of a user's own build must stay as it is.
sed -i "s/^  image: ratingsctl\$/  image: $COMPOSE_PROJECT_NAME/" docker-compose.yml
grep -q "image: $COMPOSE_PROJECT_NAME" docker-compose.yml || fail 'the name of the image was not found in docker-compose.yml'

step 'up, from nothing, with the sample'
docker compose --progress plain build server >build.log 2>&1 || { tail -60 build.log >&2; fail 'the image could not be built'; }
compose up -d --wait --wait-timeout 180
password=$(cat secrets/postgres_password)
sample_rows=$(($(wc -l <data/ratings_sample.csv) - 1))
expect 'the sample was loaded' "$sample_rows" "$(query 'SELECT count(*) FROM ratings')"
expect '/ping' '{"message":"pong"}' "$(get /ping)"

step 'up again with a ratings.csv: the sample counts as empty'
{ echo 'userId,movieId,rating,timestamp'
  echo '1,31,2.5,1260759144'
  echo '1,1029,3.0,1260759179'
  echo '2,10,4.0,835355493'; } >data/ratings.csv
compose restart server
compose up -d --wait --wait-timeout 120
wait_until 30 rates_answer 1 || fail 'no answer after the restart'
expect 'ratings.csv took the place of the sample' 3 "$(query 'SELECT count(*) FROM ratings')"

step 'the walk: ping, rates, profile'
expect '/rates/1' '[{"movie_id":31,"rating":2.5,"timestamp":"2009-12-14 02:52:24"},{"movie_id":1029,"rating":3,"timestamp":"2009-12-14 02:52:59"}]' "$(get /rates/1)"
expect '/user/profile/1' '1 2 2.75' "$(get /user/profile/1 | jq -r '"\(.user_id) \(.num_rating) \(.avg_rating)"')"
expect 'an unknown user' '[]' "$(get /rates/999999)"

step 'a miss is in the statement log, a hit is not'
compose restart server
wait_until 60 rates_answer 1 || fail 'no answer after the restart'
compose exec -T redis redis-cli flushall >/dev/null
before=$(selects_of 2)
expect 'the first request comes from PostgreSQL' miss "$(curl -s -o /dev/null -D - "$base/rates/2" | tr -d '\r' | sed -n 's/^[Xx]-[Cc]ache: //p')"
one_more_select() { [ "$(selects_of 2)" -eq $((before + 1)) ]; }
wait_until 10 one_more_select || fail "the statement log shows $(selects_of 2) SELECTs of user 2, not $((before + 1))"
get /rates/2 >/dev/null
get /rates/2 >/dev/null
# A statement that is not sent cannot be waited for; one that is sent later comes after it in the log.
query "SELECT 'a mark after the hits'" >/dev/null
expect 'the second and third request do not' $((before + 1)) "$(selects_of 2)"
# Nor is anything else of ours in it, while hits go on for longer than one check of the position lasts.
statements_between_marks() {
  compose logs --no-color --no-log-prefix postgres 2>&1 |
    awk '/a mark after the hits/ { n = -1 } /a last mark/ { ended = 1 }
         !ended && / LOG: +(statement|execute)/ { n++ } END { if (ended) print n }'
}
last_mark_is_there() { [ -n "$(statements_between_marks)" ]; }
enough=$((SECONDS + 3))
while [ "$SECONDS" -lt "$enough" ]; do get /rates/2 >/dev/null; done
query "SELECT 'a last mark'" >/dev/null
wait_until 10 last_mark_is_there || fail 'the last mark is not in the log'
expect 'three seconds of hits are silent in the log' 0 "$(statements_between_marks)"

step 'without the memory tier redis-cli monitor shows each request'
MEMORY_CACHE=0 compose up -d --wait --wait-timeout 60 server
wait_until 30 rates_answer 2 || fail 'no answer without the memory tier'
: >monitor.log
compose exec -T redis timeout 20 redis-cli monitor >monitor.log 2>&1 &
monitor=$!
wait_until 10 grep -q OK monitor.log || fail 'redis-cli monitor did not start'
for _ in 1 2 3 4 5; do get /rates/2 >/dev/null; done
monitor_shows_all() { [ "$(grep -ci '"get" "ratings:[^"]*:u:2"' monitor.log)" -ge 5 ]; }
wait_until 10 monitor_shows_all || { cat monitor.log >&2; fail 'redis-cli monitor does not show the five requests'; }
echo 'ok: five requests, five GETs'
kill "$monitor" 2>/dev/null || true
wait "$monitor" 2>/dev/null || true
compose up -d --wait --wait-timeout 60 server
wait_until 30 rates_answer 2 || fail 'no answer with the memory tier'

step '\copy from psql, as the manual has it'
old_rows=$(query 'SELECT count(*) FROM ratings')
get /rates/2 >/dev/null
compose exec -T postgres psql -X -q -U ratings -d ratings -c "\copy ratings FROM '/data/ratings.csv' DELIMITER ',' CSV HEADER"
sleep "$delta_seconds"
expect 'rows were added' $((old_rows + 3)) "$(query 'SELECT count(*) FROM ratings')"
expect 'the service shows them within Δ' 2 "$(get /rates/2 | jq length)"

step 'up again changes nothing'
rows=$(state_of_rows)
compose restart server
compose up -d --wait --wait-timeout 60
wait_until 60 rates_answer 1 || fail 'no answer after up'
expect 'no second load' "$rows" "$(state_of_rows)"

step 'restarts, one container after the other'
answer=$(get /rates/1)
for service in redis postgres server; do
  compose restart "$service"
  compose up -d --wait --wait-timeout 60
  wait_until 60 rates_answer 1 || fail "no answer after the restart of $service"
  expect "the answer after the restart of $service" "$answer" "$(get /rates/1)"
  expect "the rows after the restart of $service" "$rows" "$(state_of_rows)"
done
answer_user_2=$(get /rates/2)
compose stop redis
expect 'without Redis' "$answer_user_2" "$(get /rates/2)"
compose start redis

step 'one-off jobs'
compose up -d --wait --wait-timeout 60
answer=$(get /rates/1)
expect 'up starts no job' 'postgres redis server' "$(compose ps --services | sort | tr '\n' ' ' | sed 's/ $//')"
expect 'query' "$answer" "$(job query 1 -o json)"
expect 'profile' "$(get /user/profile/1)" "$(job profile 1 -o json)"
expect 'a dry run of dedupe' 3 "$(job dedupe --dry-run -o json 2>/dev/null | jq .rows)"
expect 'suspects' 0 "$(job suspects -o ids 2>/dev/null | wc -l)"
undo_line=$(job purge-user 1 --reason 'ticket 7' 2>/dev/null | tail -1)
expect 'purge-user is seen at once' '[]' "$(get /rates/1)"
expect 'batches' 'ticket 7' "$(job batches -o json | jq -r '.[0].reason')"
job undo "${undo_line##* }" >/dev/null 2>&1
expect 'undo gives back' "$answer" "$(get /rates/1)"
printf 'userId,movieId,rating,timestamp\n77,1,4.5,900000000\n' | job load - --append >/dev/null 2>&1
expect 'load from a pipe' '4.5' "$(get /rates/77 | jq '.[0].rating')"
cp data/ratings.csv data/more.csv
echo '78,1,3.5,900000000' >>data/more.csv
job load /data/more.csv --append >/dev/null 2>&1
expect 'load from ./data' '3.5' "$(get /rates/78 | jq '.[0].rating')"
expect 'export' "$(query 'SELECT count(*) FROM ratings')" "$(job export | tail -n +2 | wc -l)"
job init --delta 500 >/dev/null 2>&1
expect 'init' 500 "$(job status -o json | jq .delta_ms)"
expect 'config' postgresql://ratings@postgres:5432/ratings "$(job config -o json | jq -r '[.. | objects | .store? // empty | .value][0]')"
expect 'the exit code is handed on' 3 "$(job profile 424242 >/dev/null 2>&1; echo $?)"
expect 'no job is left behind' 'postgres redis server' "$(compose ps -a --services | sort | tr '\n' ' ' | sed 's/ $//')"

step 'who runs, and who can reach what'
server=$(compose ps -q server)
compose up -d --wait --wait-timeout 60
expect 'not root' 10001 "$(compose exec -T server id -u)"
expect 'healthy' healthy "$(docker inspect -f '{{.State.Health.Status}}' "$server")"
expect 'the server on loopback alone' "127.0.0.1:$PUBLISH_PORT" "$(docker port "$server" 5001/tcp)"
for service in postgres redis; do
  expect "no port of $service on the host" '' "$(docker port "$(compose ps -q $service)")"
done
for container in $(compose ps -q); do
  if docker inspect "$container" | grep -qF "$password"; then fail "docker inspect shows the password of $container"; fi
done
if compose logs 2>&1 | grep -qF "$password"; then fail 'a log shows the password'; fi
if compose exec -T server sh -c 'cat /proc/1/cmdline /proc/1/environ' | grep -aqF "$password"; then
  fail 'the password stands in the arguments or the environment of the server'
fi
echo 'ok: the password is in its file and nowhere else'

step 'SIGTERM ends the server at once and cleanly'
compose stop server
expect 'exit code' 0 "$(docker inspect -f '{{.State.ExitCode}}' "$server")"

step 'profile scale: three servers behind nginx'
export COMPOSE_PROFILES=scale
BALANCER_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export BALANCER_PORT
direct=$base
docker compose --progress plain build balancer >build.log 2>&1 || { tail -60 build.log >&2; fail 'the balancer could not be built'; }
compose up -d --wait --wait-timeout 120
expect 'all of it' 'balancer postgres redis server server-2 server-3' "$(compose ps --services | sort | tr '\n' ' ' | sed 's/ $//')"
rows=$(state_of_rows)
answer=$(get /rates/1)
base=http://127.0.0.1:$BALANCER_PORT
expect 'nginx hands on what a server says' "$answer" "$(get /rates/1)"
expect 'the balancer on loopback alone' "127.0.0.1:$BALANCER_PORT" "$(docker port "$(compose ps -q balancer)" 5080/tcp)"
expect 'no port of the further servers on the host' '' "$(docker port "$(compose ps -q server-2)"; docker port "$(compose ps -q server-3)")"
for path in /metrics /ops /ops.json; do
  expect "$path is not for the balancer's clients" 404 "$(curl -s -o /dev/null -w '%{http_code}' "$base$path")"
done
# Each user twice: the second answer is in the memory of the server that gave the first. Users without ratings have histories, too.
for user in $(seq 200 260); do get "/rates/$user" >/dev/null; done
second=$(for user in $(seq 200 260); do curl -sS -o /dev/null -D - "$base/rates/$user"; done | tr -d '\r' | sed -n 's/^[Xx]-[Cc]ache: //p' | sort -u)
expect 'one user, one server' memory "$second"
# A loop of requests in the background counts what fails, while servers go.
lose_nothing() { # WHAT COMMAND…
  local what=$1 asking
  shift
  : >failed
  echo 0 >asked
  ( n=0
    while [ ! -e enough ]; do
      curl -sS --fail -o /dev/null --max-time 10 "$base/rates/$((n % 300))" 2>>failed || true
      n=$((n + 1)); echo "$n" >asked
    done ) &
  asking=$!
  "$@"
  touch enough
  wait "$asking"
  rm enough
  [ "$(cat asked)" -gt 20 ] || fail "$what: only $(cat asked) requests meanwhile"
  expect "$what: $(cat asked) requests, none failed" '' "$(cat failed)"
}
stop_one() { compose stop server-2; sleep 2; compose start server-2; compose up -d --wait --wait-timeout 60; }
rolling_restart() { local one; for one in server server-2 server-3; do compose restart "$one"; compose up -d --wait --wait-timeout 60; done; }
lose_nothing 'one server stopped and started' stop_one
lose_nothing 'rolling restart' rolling_restart
expect 'no load happened' "$rows" "$(state_of_rows)"
compose stop balancer
expect 'nginx ends cleanly' 0 "$(docker inspect -f '{{.State.ExitCode}}' "$(compose ps -a -q balancer)")"
compose rm -sf balancer server-2 server-3
base=$direct
unset COMPOSE_PROFILES

step 'named volumes in the place of ./pg_data and ./secrets'
compose down --timeout 5
bound_password=$(cat secrets/postgres_password)
export COMPOSE_FILE=docker-compose.yml:docker/compose.volumes.yml
compose up -d --wait --wait-timeout 120
wait_until 30 rates_answer 1 || fail 'no answer on named volumes'
expect 'a database of its own' 3 "$(query 'SELECT count(*) FROM ratings')"
if [ "$bound_password" = "$(compose exec -T server cat /run/secrets/postgres_password)" ]; then fail 'the password is that of ./secrets'; fi
echo 'ok: a password of its own'
printf 'userId,movieId,rating,timestamp\n77,1,4.5,900000000\n' | job load - --append >/dev/null 2>&1
compose down --timeout 5
compose up -d --wait --wait-timeout 120
wait_until 30 rates_answer 77 || fail 'no answer after down and up'
expect 'down and up keep the volumes' 4 "$(query 'SELECT count(*) FROM ratings')"
unset COMPOSE_FILE
COMPOSE_FILE=docker-compose.yml:docker/compose.volumes.yml compose down -v --timeout 5
expect 'down -v removes them' '' "$(docker volume ls -q --filter "name=${COMPOSE_PROJECT_NAME}_")"
printf '\ncompose_test: all steps passed\n'
