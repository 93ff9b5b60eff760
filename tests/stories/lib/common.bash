# What the end-to-end stories share. Each is a script of its own: it sources this, calls begin, and fails at its first failing
# command. It works in a folder of its own, with a cdctl.toml, a home, and a service whose name nobody else on the broker has.
#
# From ctest: CDCTL_BUILD_DIR, CDCTL_SOURCE_DIR, CDCTL_BROKER_ENV. By hand, without the last, a broker is started for the story.

set -eEuo pipefail
source_dir=${CDCTL_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)}
build_dir=${CDCTL_BUILD_DIR:-$source_dir/build/release}
demo_bin=$build_dir/examples/demo
. "$source_dir/scripts/processes.bash"
. "$source_dir/tests/stories/lib/expect.bash"
. "$source_dir/tests/stories/lib/props.bash"
engine=${CDCTL_STORY_ENGINE:-local}   # local, juju-2.9, juju-3.6, juju-3.6-application, juju-4.0
# shellcheck disable=SC1090
. "$source_dir/tests/stories/lib/engines/${engine%%-*}.bash"

# begin [broker|own-broker]: opens the story's folder; `broker` uses the one of the ctest run.
begin() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/cdctl-story.sXXXXXX")
  trap 'story_failed $LINENO' ERR
  trap 'end_story $?' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  cd "$work"
  service=e$(random_hex 4)
  unset AMQP_URL CDCTL_SET CDCTL_PLUGIN_PATH CDCTL_TEST_CRASH_AT ${!GIT_@}
  export CDCTL_STORY=$work CDCTL_CONFIG=$work/cdctl.toml XDG_STATE_HOME=$work/state NO_COLOR=1
  export PATH=$build_dir/bin:$demo_bin:$source_dir/scripts:$PATH
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@e GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@e
  has_broker=
  case ${1:-none} in
    broker) use_broker ;;
    own-broker) start_broker ;;
  esac
  engine_begin
  write_config
}

use_broker() {
  if [ -n "${CDCTL_BROKER_ENV:-}" ]; then
    cp "$CDCTL_BROKER_ENV" broker.env
    has_broker=yes
    read_broker
  else
    start_broker
  fi
}

start_broker() {
  private-broker start -o $$ "$work/broker" >broker.env
  has_broker=yes
  read_broker
}

read_broker() {
  local key value
  while IFS='=' read -r key value; do
    case $key in AMQP_PORT | HTTP_PORT) declare -g "$key=$value" ;; esac
  done <broker.env
}

# What fails inside a subshell may be what the story asks, a count of nothing say: it is told only if the story fails then.
story_failed() {
  local told
  printf -v told 'FAILED: %s line %s: %s' "${BASH_SOURCE[-1]##*/}" "$1" "${BASH_COMMAND%%$'\n'*}"
  if [ "$BASH_SUBSHELL" != 0 ]; then
    printf '%s\n' "$told" >"$work/.inside"
    return
  fi
  { printf '%s\n' "$told"; [ ! -s "$work/.inside" ] || sed 's/^FAILED/the last inside a subshell/' "$work/.inside"; } >&2
  last_output
}

# Leaves nothing of the story, whatever became of it.
end_story() {
  local status=$1 set
  trap '' INT TERM ERR
  set +eE
  unset CDCTL_TEST_CRASH_AT
  for set in $(timeout 20 cdctl ls -o name 2>/dev/null); do
    timeout 30 cdctl reap "$set" --grace 0s --even-newest --even-foreign --even-last "$set" >/dev/null 2>&1
  done
  ! declare -F clean_up >/dev/null || clean_up  # a story's own: what its environment does not tell to be ours
  engine_end
  cd /
  { end_all_of "$work"; wait; } 2>/dev/null
  [ -z "$has_broker" ] || [ -d "$work/broker" ] || sweep_broker
  [ ! -d "$work/broker" ] || "$source_dir/scripts/private-broker" stop "$work/broker"
  if [ "$status" != 0 ] && [ -n "${CDCTL_STORY_KEEP:-}" ]; then
    printf 'kept: %s\n' "$work" >&2
  else
    rm -rf "$work"
  fi
  [ "$status" = 0 ] && printf 'ok\n'
  exit "$status"
}
