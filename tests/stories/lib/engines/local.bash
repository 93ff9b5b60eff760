# How the stories deal with the local engine. The other engines have the same functions: see juju.bash.

engine_name=local
# What only this engine's own deploys, cuts and reaps pass; and those of its boundaries that the suite does not come by.
engine_points='local'
engine_elsewhere='local.discard.marked local.feed.written local.mend.halted local.mend.unmarked local.revive.run local.revive.launched local.run.ended local.scale.kept local.scale.run local.scale.told local.secret.saved'
engine_passes=all     # boundaries: all, or its own when another of its kind passes those of the commands
engine_unfinished=local.start.launched   # a boundary after which a deploy leaves something to be cleared up

engine_begin() { :; }
engine_end() { :; }
engine_config() { printf '\n[local]\nhome = "%s/home"\n' "$work"; }
engine_head() { :; }   # lines at the top of a service's file
engine_table() { :; }  # tables of a service's file

# engine_trunk NAME LINE: the trunk is such that each unit runs LINE (`worker: COMMAND`).
engine_trunk() { printf '%s\n' "$2" >"$1.git/Procfile"; }
# engine_spoil NAME: nothing can be deployed from the trunk any more.
engine_spoil() { rm "$1.git/Procfile"; }
# engine_mode NAME MODE: `mode` in the working directory of a unit.
engine_mode() { printf '%s\n' "$2" >"$1.git/mode"; }

# engine_knows SET: there is something of it.
engine_knows() { [ -e "home/sets/$1" ]; }
# kill_set SET: nothing of it runs any more, as after a reboot.
kill_set() {
  local supervisor pids
  supervisor=$(cdctl inspect "$1" -o ndjson </dev/null | jq .local.supervisor_pid)
  kill -9 "$supervisor"  # first: it would start them again
  until no_process_of "$1"; do
    mapfile -t pids < <(processes_of "$1" 2>/dev/null)
    kill -9 "${pids[@]}" 2>/dev/null || true
  done
}
# The sets that the engine has, as it has them itself.
engine_sets() { ls home/sets 2>/dev/null; }
# engine_border SET: what joins it to the world, the same text again once a mend has brought everything back; `cut` when nothing does.
engine_border() {
  local pid state
  for pid in $(processes_of "$1" || true); do
    ! grep -qs supervise "/proc/$pid/comm" || continue
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
    case $state in T | Z | X | '') ;; *) grep -qsx 'frozen 1' "$(cgroup_of "$pid")/cgroup.events" || { echo open; return; } ;; esac
  done
  echo cut
}
cgroup_of() { printf '%s%s' "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)" "$(sed -n 's/^0:://p' "/proc/$1/cgroup" 2>/dev/null)"; }

# The engine cannot be asked any more, and can again. What runs goes on.
engine_vanish() {
  mv home home.away
  : >home
}
engine_return() {
  rm home
  mv home.away home
}

# What is not ours is as it was.
engine_left_alone() { :; }
