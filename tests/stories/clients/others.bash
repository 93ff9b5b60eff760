#!/usr/bin/env bash
# Workers with amqplib (Node), Bunny (Ruby), php-amqplib, amqp091-go, the Java client, Spring AMQP and amqp-tools, as python.bash has
# them of Python. CDCTL_STORY_CLIENTS names those to run. CDCTL_CLIENT_NODE: a node_modules folder.
. "$(dirname "$0")/../lib/common.bash"
. "$source_dir/tests/stories/lib/clients.bash"
export NODE_PATH=${CDCTL_CLIENT_NODE:-${CDCTL_CLIENTS:+$CDCTL_CLIENTS/node/node_modules:}/usr/share/nodejs:/usr/lib/nodejs}
sources=$source_dir/tests/stories/clients/workers

# jars CLIENT: the class path that it compiles and runs with.
jars() {
  if [ -d "${CDCTL_CLIENTS:-}/$1/lib" ]; then echo "$CDCTL_CLIENTS/$1/lib/*"
  elif [ "$1" = java ]; then echo '/usr/share/java/rabbitmq-client.jar:/usr/share/java/slf4j-api.jar'
  else return 1; fi
}

# build CLIENT: what a trunk of it has, in this folder. Fails where there is no such client.
build() {
  case $1 in
    amqplib) node -e 'require("amqplib")' && cp "$sources/amqplib.js" worker ;;
    bunny) ruby -e 'require "bunny"' && cp "$sources/bunny.rb" worker ;;
    php-amqplib) php -r 'require "PhpAmqpLib/autoload.php";' && cp "$sources/php-amqplib.php" worker ;;
    amqp091-go) build_go ;;
    amqp091-go-notified) build_go notified ;;
    java | spring) cp "$sources/$1.java" Worker.java && javac -parameters -d . -cp "$(jars "$1")" Worker.java ;;
    amqp-tools) command -v amqp-consume && write_job ;;
  esac
}
# From its package index or, without CDCTL_CLIENTS, from Debian's. As RabbitMQ's tutorial has it the worker waits for ever, with its
# connection or without; `notified` ends with the connection, as docs/frameworks/go.md asks for.
build_go() {
  cp "$sources/amqp091-go.go" worker.go
  [ -z "${1:-}" ] || sed -i 's/^\t<-forever$/\t<-conn.NotifyClose(make(chan *amqp.Error, 1))/; /^\tvar forever/d' worker.go
  if [ -e "${CDCTL_CLIENTS:-}/go/go.mod" ]; then
    cp "$CDCTL_CLIENTS/go/go.mod" "$CDCTL_CLIENTS/go/go.sum" .
    GOMODCACHE=$CDCTL_CLIENTS/go/cache GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off go build -o worker worker.go
  else
    GO111MODULE=off GOPATH=/usr/share/gocode go build -o worker worker.go
  fi
}
# amqp-consume runs it for each message. Its sender numbers its messages from 0 in each round, and says no ledger.
write_job() {
  cat >job <<SH
#!/bin/sh
read -r number
printf 'done %s %s %s\n' "\$number" "\$CDCTL_SET" "\$(date +%s%3N)" >>"$work/done.ledger"
SH
  chmod 755 job
}

command_of() {
  case $1 in
    amqplib) echo "NODE_PATH=$NODE_PATH node worker" ;;
    bunny) echo 'ruby worker' ;;
    php-amqplib) echo 'php worker' ;;
    amqp091-go*) echo './worker' ;;
    java) echo "java -cp \"$(jars java):.\" Worker" ;;
    spring) echo "SPRING_RABBITMQ_ADDRESSES=\$AMQP_URL java -cp \"$(jars spring):.\" jobs.Worker" ;;
    amqp-tools) echo 'amqp-consume -u "$AMQP_URL" -q jobs -p 1 ./job' ;;
  esac
}
# send CLIENT COUNT LEDGER: publishes in the client's own way, with confirms. amqp-publish has none.
send() (
  cd "built/$1" || exit
  export AMQP_URL=$operator_url RABBITMQ_URL=$operator_url
  if [ "$1" = amqp-tools ]; then exec timeout 300 demo-producer jobs "$work/sent.ledger" "$2" 1000; fi
  exec timeout 300 sh -c "$(command_of "$1") \"\$@\"" sh "$2" "$3"
)

# The worker of Go's tutorial after a --thaw: up, without a connection, for ever. `ls` and `probe` say so, and a mend that starts it anew is the cure.
says_idle() {
  local prober
  expect_exit 0 cdctl break "$bad" --why thaw </dev/null
  expect_exit 0 cdctl mend "$bad" --thaw </dev/null
  timeout 150 cdctl probe "$service" --every 5s -o ndjson </dev/null >probed 2>/dev/null &
  prober=$!
  eventually 100 says "$bad" '.units.up == 2 and (.idle // "" | startswith("not connected, consumes nothing"))'
  eventually 45 probed '.set == $s and .signal == "rabbit/consumers" and .severity == "error"' "$bad"
  kill "$prober"
  expect_exit 0 cdctl break "$bad" --why restart </dev/null
  expect_exit 0 cdctl mend "$bad" </dev/null
  eventually 60 consumes "$bad" 2
  eventually 30 says "$bad" '.idle == null'
}
probed() { jq -es --arg s "$2" "any($1)" probed >/dev/null 2>&1; }
says() { cdctl ls "$1" -o ndjson </dev/null 2>/dev/null | jq -e "$2" >/dev/null; }

begin broker
here=()
for client in ${CDCTL_STORY_CLIENTS:-amqplib bunny php-amqplib amqp091-go amqp091-go-notified java spring amqp-tools}; do
  mkdir -p "built/$client"
  if (cd "built/$client" && build "$client" >../has.out 2>&1); then
    here+=("$client")
  else
    printf 'skipped: %s is not installed\n' "$client" >&2
  fi
done
[ ${#here[@]} -gt 0 ] || skip "none of these clients is installed; apt install ruby-bunny php-amqplib amqp-tools, or scripts/client-libraries"
vhosts=()
clean_up() { for vhost in "${vhosts[@]}"; do drop_vhost; done; }

for client in "${here[@]}"; do
  if [ "$client" = amqp091-go ] && ! freezes; then
    printf 'skipped: %s as its tutorial has it waits for ever when only its connection is gone\n' "$client" >&2
    continue
  fi
  service=e$(random_hex 4)
  own_vhost
  vhosts+=("$vhost")
  client_trunk "worker: $(command_of "$client")"
  cp -r "built/$client/." "$service.git"
  git -C "$service.git" add -A
  git -C "$service.git" commit -qm ok
  lines=("framework = \"${client%-notified}\"" 'queues = { jobs = {} }' 'exchanges = { work = {} }')
  [ "$client" != amqp-tools ] || lines=('queues = { jobs = {} }')
  client_service 2 "${lines[@]}"
  good=$(deploy_one)
  [ -n "$good" ] || fail "$client: no set: $(tail -3 deploy.err)"
  eventually 60 consumes "$good" 2
  date +%N >"$service.git/nonce"
  git -C "$service.git" add -A
  git -C "$service.git" commit -qm bad
  bad=$(deploy_one)
  every_second=(--thaw)
  [ "$client" != amqp091-go ] || every_second=()
  cut_rounds "$bad" 2 send "$client" "$messages"
  expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
  expect_json 'length == 2 and all(.state == "live" and .rights == null)'
  measured "$client" "$good"
  if [ "$client" = amqp091-go ]; then says_idle; fi
  expect_exit 0 cdctl reap "$good" "$bad" --even-newest --even-last "$good" --even-last "$bad" </dev/null
  rm "services.d/$service.toml"
done
