# The props of a story: broker, repositories, configuration, ledgers.

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# ---------------------------------------------------------------- the broker

# api PATH [CURL-ARG...]: the management API as its own administrator.
api() { curl -s -m 10 --noproxy '*' -u guest:guest -H 'Content-Type: application/json' "http://127.0.0.1:$HTTP_PORT/api/$1" "${@:2}"; }
user_exists() { api "users/$1" -f -o /dev/null; }
users_of() { api 'users?columns=name' | jq -r --arg prefix "$1-r" '.[].name | select(startswith($prefix))'; }
limit_of() { api "users/$1" | jq -r '.limits["max-connections"] // "none"'; }
connections_of() { api "connections/username/$1" | jq length; }

# Removes what is named after this story's service.
sweep_broker() {
  local name
  for name in $(users_of "$service"); do api "users/$name" -X DELETE; done
  for name in $(api 'queues/%2F?columns=name&disable_stats=true' | jq -r --arg p "$service" '.[].name | select(startswith($p))'); do
    api "queues/%2F/$name" -X DELETE
  done
  for name in $(api global-parameters | jq -r --arg p "$service-" '.[].name | select(contains($p))'); do
    api "global-parameters/$name" -X DELETE
  done
}

# ---------------------------------------------------------------- configuration

write_config() {
  umask 077
  printf 'guest\n' >broker.password
  if [ -n "$has_broker" ]; then
    printf '[rabbit]\nmanagement = "http://127.0.0.1:%s"\namqp = "amqp://127.0.0.1:%s"\nuser = "guest"\npassword_file = "broker.password"\n' \
      "$HTTP_PORT" "$AMQP_PORT" >cdctl.toml
  else
    : >cdctl.toml
  fi
  engine_config >>cdctl.toml
  mkdir -p services.d
}

# make_service [NAME [TRUNK]]: a service with a trunk of its own (or another's), 2 workers on a queue of its own name. Further
# lines come from stdin (tables only).
make_service() {
  local name=${1:-$service}
  local trunk=${2:-$name.git}
  {
    engine_head
    printf 'units = { worker = %s }\n' "${units:-2}"
    [ -n "$has_broker" ] || printf 'switches = ["%s"]\n' "$engine_name"
    [ -z "${switches:-}" ] || printf 'switches = %s\n' "$switches"
    printf '[sources]\ntrunk = { git = "%s/%s", branch = "main" }\n' "$work" "$trunk"
    [ -z "${spec:-}" ] || printf 'spec = { git = "%s/%s" }\n' "$work" "$spec"
    [ -z "$has_broker" ] || printf '[rabbit]\nqueues = { %s = { type = "quorum" } }\n' "$name"
    printf '[breaker]\nrules = ["critical >= 1"]\n'
    engine_table
    [ -t 0 ] || cat
  } >"services.d/$name.toml"
}

# make_trunk [NAME [LINE]]: a trunk whose units run the line of a Procfile; the demo's worker without one.
make_trunk() {
  local name=${1:-$service}
  git init -q -b main "$name.git"
  engine_trunk "$name" "${2:-worker: exec \"$demo_bin/demo-worker\" $name \"$work/jobs.ledger\" ${job_ms:-2}}"
  touch jobs.ledger
  commit ok "$name"
}

# commit MODE [NAME]: the trunk moves; prints nothing.
commit() {
  local name=${2:-$service}
  engine_mode "$name" "$1"
  date +%N >"$name.git/nonce"
  git -C "$name.git" add -A
  git -C "$name.git" commit -qm "$1"
}

# produce COUNT PER_SECOND [QUEUE]: jobs in the background; $producer is its pid, its end is in produced.
produce() {
  AMQP_URL=amqp://guest:guest@127.0.0.1:$AMQP_PORT demo-producer "${3:-$service}" producer.ledger "$1" "$2" >produced 2>produced.err </dev/null &
  producer=$!
}
gone() { ! kill -0 "$1" 2>/dev/null; }

# ---------------------------------------------------------------- sets

newest_set() { cdctl ls -o ndjson "${1:-$service}" </dev/null | jq -r 'select(.newest) | .set'; }
sets_of() { cdctl ls -o name "${1:-$service}" </dev/null; }
state_of() { cdctl ls -o ndjson "$1" </dev/null | jq -r .state; }
cut_of() { cdctl ls -o ndjson "$1" </dev/null | jq -r .cut; }
# deploy_one [MODE]: the trunk moves and goes out; prints the new set's name.
deploy_one() {
  [ $# = 0 ] || commit "$1"
  cdctl deploy "$service" -o name </dev/null 2>>"$work/deploy.err" | tail -1
}
processes_of() { with_environment "CDCTL_SET=$1"; }
no_process_of() { [ -z "$(processes_of "$1")" ]; }

# ---------------------------------------------------------------- ledgers

count_of() { awk -v event="$1" -v set="$2" '$1 == event && ($4 == set || $3 == set) { n++ } END { print n + 0 }' jobs.ledger; }
at_least() { [ "$(count_of "$1" "$2")" -ge "$3" ]; }
# What was confirmed to the producer and done by nobody.
missing_jobs() {
  awk 'FNR == NR { if ($1 == "done") did[$3]; next } $1 == "confirmed" && !($3 in did) { n++ } END { print n + 0 }' jobs.ledger producer.ledger
}
nothing_missing() { [ "$(missing_jobs)" = 0 ]; }
confirmed_jobs() { awk '$1 == "confirmed" && !seen[$3]++ { n++ } END { print n + 0 }' producer.ledger; }
deliveries_after() { awk -v set="$1" -v after="$2" '$1 == "delivery" && $4 == set && $2 > after { n++ } END { print n + 0 }' jobs.ledger; }

# make_spec: a Mojo spec for the service made next; its manifest is the demo's.
make_spec() {
  cp -r "$source_dir/examples/demo/spec" spec.git
  sed -i "s|^thumbs .*|thumbs $work/$service.git|" spec.git/collect
  git -C spec.git init -q -b main && git -C spec.git add -A && git -C spec.git commit -qm spec
  spec=spec.git
}
