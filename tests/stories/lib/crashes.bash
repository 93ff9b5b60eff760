# kill -9 at a step boundary (crash_point and Boundary in the sources), and the same command again.

# The boundaries in the sources of these folders; those whose name ends in a variable get its values.
crash_points() {
  local name
  grep -rhoE '(crash_point\(|Boundary\{)"[^"]+"' "$@" | cut -d'"' -f2 | sort -u | while read -r name; do
    case $name in
      break. | mend.) printf '%srabbit\n' "$name" ;;
      mojo.after-) printf "$name%s\n" collect build verify ;;
      *) printf '%s\n' "$name" ;;
    esac
  done
}

reached=
# crashing POINT COMMAND...: runs it with the crash. Succeeds when it got there; that it ended otherwise than well fails the story.
crashing() {
  local point=$1 got=0
  shift
  printf '%s (to die at %s)\n' "$*" "$point" >"$work/command"
  # in a subshell, so that bash does not tell of the kill
  (CDCTL_TEST_CRASH_AT=$point timeout -k 5 120 "$@" >"$work/out" 2>"$work/err" </dev/null; exit $?) 2>/dev/null || got=$?
  [ $got != 0 ] || return 1
  [ $got = 137 ] || fail "exit status $got, expected to die at $point"
  reached+=" $point "
}

# at_point POINT COMMAND...: with the crash and then again, or once if it does not come there.
at_point() {
  if crashing "$@"; then
    shift
    expect_exit 0 "$@" </dev/null
  fi
}
