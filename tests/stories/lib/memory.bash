# How much memory a command takes, with all that it started and waited for.

cat >"$work/peak.py" <<'END'
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024))
sys.exit(status if status >= 0 else 128 - status)
END

# expect_within MIB CODE COMMAND [ARG...]: expect_exit, and at no time more than so many MiB in memory.
expect_within() {
  local most=$1 want=$2
  shift 2
  expect_exit "$want" python3 "$work/peak.py" "$work/peak" "$@"
  # A sanitizer keeps memory of its own, which is no fault of the command.
  if grep -qs '^CMAKE_CXX_FLAGS:.*-fsanitize=' "$build_dir/CMakeCache.txt"; then return; fi
  [ "$(cat "$work/peak")" -le "$most" ] || fail "it took $(cat "$work/peak") MiB, more than $most"
}
