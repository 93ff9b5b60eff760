# Sourced by the demo and the end-to-end tests: waiting with a deadline, and finding processes without guessing by name.

now_ms() { date +%s%3N; }

# wait_until SECONDS COMMAND...: tries until it succeeds; fails at the deadline.
wait_until() {
  local end=$(($(now_ms) + $1 * 1000))
  shift
  until "$@"; do
    [ "$(now_ms)" -lt $end ] || return 1
    sleep 0.05
  done
}

# Pids of the processes, zombies apart, whose environment has exactly this NAME=VALUE.
with_environment() {
  grep -lszxF -- "$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
}

# Pids of the processes that work inside a folder, or whose first environment names it.
belonging_to() {
  local link target
  grep -lsaF -- "$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
  for link in /proc/[0-9]*/cwd; do
    target=$(readlink "$link" 2>/dev/null) || continue
    case $target/ in "$1"/*) link=${link%/cwd}; printf '%s\n' "${link##*/}" ;; esac
  done
}

# Ends what belongs to a folder of ours, except this script and its ancestors that are in it.
end_all_of() {
  local pid round
  for round in 1 2 3; do
    for pid in $(belonging_to "$1" | sort -u); do
      [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] || [ "$pid" = "$PPID" ] || kill -KILL "$pid" 2>/dev/null
    done
  done
}
