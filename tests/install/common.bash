# What the tests of installing share. Each sources this, calls begin, and fails at its first failing command.
# From ctest: CDCTL_BUILD_DIR, CDCTL_SOURCE_DIR.
set -eEuo pipefail
source_dir=${CDCTL_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
build_dir=${CDCTL_BUILD_DIR:-$source_dir/build/release}
. "$source_dir/tests/stories/lib/expect.bash"

begin() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/cdctl-install.XXXXXX")
  trap 'printf "FAILED: %s line %s: %s\n" "${BASH_SOURCE[-1]##*/}" "$LINENO" "$BASH_COMMAND" >&2; last_output' ERR
  trap 'end_test $?' EXIT
  cd "$work"
  unset AMQP_URL CDCTL_SET CDCTL_PLUGIN_PATH CDCTL_TEST_CRASH_AT ${!GIT_@} DESTDIR
  export HOME=$work/home CDCTL_HOME=$work/cdctl-home XDG_STATE_HOME=$work/state XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config NO_COLOR=1
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@e GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@e
  mkdir "$HOME"
}

end_test() {
  local status=$1
  trap '' INT TERM ERR
  set +eE
  ! declare -F clean_up >/dev/null || clean_up
  cd /
  if [ "$status" != 0 ] && [ -n "${CDCTL_STORY_KEEP:-}" ]; then printf 'kept: %s\n' "$work" >&2; else rm -rf "$work"; fi
  [ "$status" != 0 ] || printf 'ok\n'
  exit "$status"
}

# install_to FOLDER: all that `cmake --install` puts there.
install_to() { cmake --install "$build_dir" --prefix "$1" >"$work/install.log" 2>&1 || { tail -n 20 "$work/install.log" >&2; return 1; }; }

# build_plugin SOURCE BUILD: configures and builds it with the cdctl that is installed in $work/prefix.
build_plugin() {
  local launcher=()
  ! command -v ccache >/dev/null || launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$work/prefix" "-DCMAKE_CXX_FLAGS=$(cached CMAKE_CXX_FLAGS)" \
    "-DCMAKE_CXX_COMPILER=$(cached CMAKE_CXX_COMPILER)" "${launcher[@]}" >"$work/configure.log" 2>&1 || { cat "$work/configure.log" >&2; return 1; }
  cmake --build "$2" >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" >&2; return 1; }
}

# What the build of this tree was configured with: a plugin must be of the same kind (sanitizers).
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build_dir/CMakeCache.txt"; }
