# How the stories deal with the local engine. The other engines have the same functions: see juju.bash.

engine_name=local
# What only this engine's own deploys, cuts and reaps pass; and those of its boundaries that the suite does not come by.
engine_points='local'
engine_elsewhere='local.feed.written local.mend.halted local.mend.unmarked'

engine_begin() { :; }
engine_end() { :; }
engine_config() { printf '\n[local]\nhome = "%s/home"\n' "$work"; }
engine_head() { :; }   # lines at the top of a service's file
engine_table() { :; }  # tables of a service's file

# engine_trunk NAME LINE: the trunk is such that each unit runs LINE (`worker: COMMAND`).
engine_trunk() { printf '%s\n' "$2" >"$1.git/Procfile"; }
# engine_mode NAME MODE: `mode` in the working directory of a unit.
engine_mode() { printf '%s\n' "$2" >"$1.git/mode"; }

# engine_knows SET: there is something of it.
engine_knows() { [ -e "home/sets/$1" ]; }
# The sets that the engine has, as it has them itself.
engine_sets() { ls home/sets 2>/dev/null; }
# engine_border SET: what joins it to the world, the same text again once a mend has brought everything back; `cut` when nothing does.
engine_border() {
  local pid state
  for pid in $(processes_of "$1"); do
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
    case $state in T | Z | X | '') ;; *) grep -qsx 'frozen 1' "$(cgroup_of "$pid")/cgroup.events" || { echo open; return; } ;; esac
  done
  echo cut
}
cgroup_of() { printf '/sys/fs/cgroup%s' "$(sed -n 's/^0:://p' "/proc/$1/cgroup" 2>/dev/null)"; }

# The engine cannot be asked any more, and can again. What runs goes on.
engine_vanish() {
  mv home home.away
  : >home
}
engine_return() {
  rm home
  mv home.away home
}
