# How the stories deal with the juju engine: on the stand-in for juju (tests/fakes), of the version that CDCTL_STORY_ENGINE names,
# `juju-3.6`; `juju-3.6-application` has the sets as applications of one model.

engine_name=juju
engine_points='juju'
# Secrets of a broker, Kubernetes and deploys that fail are the unit tests' matter.
engine_elsewhere='juju.secret.saved juju.handover.secret juju.handover.granted juju.cut.scaled juju.mend.scaled juju.abandon.noted'
engine_passes=own
[ "$CDCTL_STORY_ENGINE" != juju-3.6 ] || engine_passes=all
engine_unfinished=juju.claim.claimed

engine_begin() {
  local words=${CDCTL_STORY_ENGINE#juju-}
  export FAKE_JUJU_VERSION=${words%-application} FAKE_JUJU=$work/controller FAKE_JUJU_CACHE=$build_dir/tests/pycache JUJU_DATA=$work/juju
  isolation=model
  if [ "$words" != "$FAKE_JUJU_VERSION" ]; then
    isolation=application
    engine_elsewhere+=' juju.claim.added juju.claim.taken juju.cut.suspended juju.mend.resumed'
  else
    engine_elsewhere+=' juju.handover.related juju.claim.begun juju.cut.removed juju.mend.related'
  fi
  export PATH=$source_dir/tests/fakes:$PATH
  juju_control init "$JUJU_DATA"
  juju_control broker queues >/dev/null
  if [ $isolation = application ]; then
    shared=$(juju_control model shared)
    juju_control application shared neighbour
    juju consume admin/queues.rabbit rabbit -m shared 2>/dev/null
  else
    # Somebody's model beside ours, which must be there in the end as it was.
    shared=$(juju_control model neighbour)
    juju_control application neighbour lamp
  fi
}
engine_end() { juju_control stop 2>/dev/null; }
engine_config() { printf '\n[local]\nhome = "%s/home"\n\n[juju]\ncontroller = "attic"\n' "$work"; }
engine_head() { printf 'engine = "juju"\n'; }
engine_table() {
  printf '[juju]\nforce_after = "8s"\nno_wait_after = "40s"\ngive_up_after = "50s"\n'
  [ -z "$has_broker" ] || printf 'amqp = "amqp-url"\namqp_as = "%s"\n' "${amqp_as:-overlay}"
  [ $isolation = model ] || printf 'isolation = "application"\nmodel = "admin/shared"\n'
}

engine_trunk() {
  local charm=$1.git/charm
  mkdir -p "$charm"
  printf 'name: worker\nsummary: runs a line of the trunk\nrequires:\n  amqp:\n    interface: rabbitmq\nprovides:\n  site:\n    interface: http\n' >"$charm/metadata.yaml"
  printf 'options:\n  amqp-url:\n    type: string\n    description: where the queues are\n' >"$charm/config.yaml"
  cat >"$charm/dispatch" <<'EOF'
#!/bin/sh
# What a charm does once: it reads its options and starts the workload.
AMQP_URL=$(config-get amqp-url)
case $AMQP_URL in secret:*) AMQP_URL=$(secret-get "$AMQP_URL" | sed 's/^[^:]*: //') ;; esac
case $JUJU_UNIT_NAME in worker/*) CDCTL_SET=$JUJU_MODEL_NAME ;; *) CDCTL_SET=${JUJU_UNIT_NAME%/*} ;; esac
CDCTL_SERVICE=${CDCTL_SET%-*} CDCTL_REVISION=${CDCTL_SET##*-} CDCTL_UNIT=${JUJU_UNIT_NAME#*/}
export AMQP_URL CDCTL_SET CDCTL_SERVICE CDCTL_REVISION CDCTL_UNIT
EOF
  printf '%s\n' "${2#*: }" >>"$charm/dispatch"
  chmod +x "$charm/dispatch"
  juju_bundle >"$1.git/bundle.yaml"
}

# From 4.0 on the charm is a packed one.
juju_bundle() {
  local packed=
  [ "$FAKE_JUJU_VERSION" != 4.0 ] || packed=worker.charm
  printf 'applications:\n  worker:\n    charm: ./%s\n    num_units: 1\n    expose: true\nsaas:\n  rabbit:\n    url: admin/queues.rabbit\nrelations:\n  - [ "worker:amqp", "rabbit:amqp" ]\n' "${packed:-charm}"
}

engine_spoil() { rm "$1.git/bundle.yaml"; }

engine_mode() {
  [ -d "$1.git/charm" ] || return 0
  printf '%s\n' "$2" >"$1.git/charm/mode"
  [ "$FAKE_JUJU_VERSION" != 4.0 ] || pack_charm "$1.git/charm" "$1.git/worker.charm"
}
pack_charm() {
  python3 - "$@" <<'EOF'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[2], "w") as archive:
    for name in sorted(os.listdir(sys.argv[1])):
        archive.write(os.path.join(sys.argv[1], name), name)
EOF
}

juju_state() { juju_control show; }
engine_sets() {
  if [ $isolation = model ]; then
    juju_state | jq -r '.models[] | select(.name | test("-r[0-9a-f]{10}$")) | .name'
  else
    juju_state | jq -r '.models[] | select(.name == "shared") | .applications | keys[] | select(test("-r[0-9a-f]{10}$"))'
  fi
}
engine_knows() { engine_sets | grep -qx "$1"; }
# Its relations to the broker as the offering side has them, and how it is exposed.
engine_border() {
  local border
  border=$(juju_state | jq -c --arg set "$1" --arg isolation $isolation '
    (.models[] | select(.name == (if $isolation == "model" then $set else "shared" end))) as $model
    | (if $isolation == "model" then "worker" else $set end) as $name
    | ($model.relations | map(select(any(.ends[]; .application == $name)) | .key)) as $keys
    | [([.models[] | select(.name == "queues") | .relations[] | select(.key as $key | $keys | index($key)) | .status] | sort | map(select(. != "suspended"))),
       $model.applications[$name].exposed]')
  case $border in '[[],null]') echo cut ;; *) printf '%s\n' "$border" ;; esac
}

engine_vanish() { juju_control dead on; }
engine_return() { juju_control dead off; }

engine_left_alone() {
  expect_same "the models" "$(juju_state | jq -r '[.models[].name] | sort | join(" ")')" "$( [ $isolation = model ] && echo 'neighbour queues' || echo 'queues shared')"
  [ $isolation = model ] || expect_same "the tags of the shared model" "$(juju_control tags shared)" ""
  expect_same "the neighbour" "$(juju_control units "$shared" | grep -cE '(neighbour|lamp)/0 0 alive')" 1
}
