#!/usr/bin/env bash
# One message kills every worker that gets it. The probe names it, by its queue and a digest and never by its body, and the recipe of the
# manual moves it aside, so that the work behind it goes on.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
make_trunk "$service" "worker: amqp-consume --url \"\$AMQP_URL\" --queue $service --prefetch-count 1 ./job"
cat >"$service.git/job" <<END
#!/bin/sh
read -r body
case \$body in swordfish*) kill -9 \$PPID ;; esac
echo "\$body" >>"$work/done"
END
chmod +x "$service.git/job"
commit ok
make_service </dev/null
set=$(deploy_one)
connected() { [ "$(connections_of "$set")" = 2 ]; }
eventually 30 connected
put() { printf '%s' "$1" | amqp-publish --url "amqp://guest:guest@127.0.0.1:$AMQP_PORT" --routing-key "$service" --persistent --content-type text/plain; }
: >done
put 'job 1'
did() { grep -qx "$1" done; }
eventually 20 did 'job 1'

# The first look has no rates. Then the message comes, and with it the workers go, one after the other.
expect_exit 0 cdctl probe "$service" </dev/null
sleep 1.5   # the statistics see who is there
expect_exit 0 cdctl probe "$service" </dev/null
put 'swordfish: the secret of a customer'
digest=$(printf 'swordfish: the secret of a customer' | sha256sum | cut -c1-12)
named() {
  cdctl probe "$service" </dev/null >>looks 2>>looks.err
  jq -e --arg digest "$digest" 'select(.signal == "service/poison" and .rabbit.poison.sha256 == $digest)' looks >poison
}
eventually 90 named
jq -es --arg queue "$service" '.[0] | .severity == "warning" and .rabbit.poison.queue == $queue and .rabbit.poison.returns >= 3 and .rabbit.poison.properties.content_type == "text/plain"' poison >/dev/null ||
  fail "what is told of it: $(cat poison)"
! grep -e swordfish looks looks.err || fail "its body is told"
jq -e 'select(.signal == "service/poison") | .message | test("docs/recipes.md")' looks >/dev/null || fail "nobody says what to do"

# The recipe, as it stands in the manual, on this queue.
mkdir bin
printf '#!/bin/sh\nexec private-broker ctl "%s/broker" "$@"\n' "$work" >bin/rabbitmqctl
chmod +x bin/rabbitmqctl
awk '/^### Move a message aside/ { inside = 1 } inside && /^```$/ { exit } inside && code { print } inside && /^```sh$/ { code = 1 }' \
  "$source_dir/docs/recipes.md" | sed "s/thumbs/$service/g" >recipe
[ -s recipe ] || fail "the recipe is not in the manual"
PATH=$work/bin:$PATH AMQP_URL=amqp://guest:guest@127.0.0.1:$AMQP_PORT timeout 150 bash -euo pipefail recipe >recipe.out 2>&1 || fail "the recipe: $(cat recipe.out)"
expect_same "messages aside" "$(api "queues/%2F/$service.aside/get" -X POST -d '{"count":5,"ackmode":"ack_requeue_true","encoding":"auto"}' | jq -r '.[].payload')" \
  'swordfish: the secret of a customer'
put 'job 2'
eventually 60 did 'job 2'
expect_same "policies left" "$(api policies | jq length)" 0
