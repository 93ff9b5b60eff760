#!/usr/bin/env bash
# A stock Celery worker under cdctl, unchanged: it starts, two sets of two units on one machine, with remote control, events and results
# over AMQP; a cut in mid-flow loses nothing; and it may touch nothing that is cdctl's or another service's.
. "$(dirname "$0")/../lib/common.bash"
. "$source_dir/tests/stories/lib/clients.bash"
python_with celery
type=${CDCTL_STORY_QUEUE:-classic}   # quorum: for Celery 5.5 or later
begin broker
own_vhost
clean_up() { drop_vhost; }

client_trunk "worker: $python -m celery -A tasks worker -c 1 -l INFO"
printf 'celery\n' >"$service.git/requirements.txt"
cat >"$service.git/tasks.py" <<'PY'
import os, time
from celery import Celery

app = Celery('tasks', backend='rpc://')  # its broker is $CELERY_BROKER_URL, as Celery looks for it

@app.task
def note(ledger, number):
    time.sleep(0.005)
    with open(ledger, 'a') as out:
        out.write(f"done {number} {os.environ['CDCTL_SET']} {int(time.time() * 1000)}\n")

@app.task(bind=True, max_retries=3)
def flaky(self, number):
    if self.request.retries < 1:
        raise self.retry(countdown=0.1)
    return number + 1

@app.task
def outer(number):
    return note.apply_async((os.devnull, number), ignore_result=True).id
PY
[ "$type" = classic ] || printf "\napp.conf.task_default_queue_type = '%s'\n" "$type" >>"$service.git/tasks.py"
# What an operator runs, with a user of its own.
cat >operate.py <<'PY'
import sys, threading, time
from tasks import app, flaky, note, outer

what = sys.argv[1]
if what == 'send':
    app.conf.broker_transport_options = {'confirm_publish': True}
    for number in range(int(sys.argv[2])):
        note.apply_async((sys.argv[3], number), ignore_result=True)
elif what == 'results':
    print(flaky.delay(1).get(timeout=30), len(outer.delay(2).get(timeout=30)))
elif what == 'ping':
    for node in sorted(name for answer in app.control.ping(timeout=5) for name in answer):
        print(node)
elif what == 'revoke':
    held = note.apply_async((sys.argv[2], 'revoked'), countdown=8)
    app.control.revoke(held.id)
    app.control.broadcast('ping', reply=True, timeout=2)
    print(held.id)
elif what == 'events':
    app.control.enable_events(reply=True, timeout=3)
    seen = set()
    def keep_busy():  # until the one who listens does
        while True:
            note.apply_async(('/dev/null', 0), ignore_result=True)
            time.sleep(0.3)
    threading.Thread(target=keep_busy, daemon=True).start()
    with app.connection_for_read() as connection:
        def take(event):
            seen.add(event['type'])
            if {'task-received', 'task-succeeded'} <= seen:
                receiver.should_stop = True
        receiver = app.events.Receiver(connection, handlers={'*': take})
        receiver.capture(limit=None, timeout=20, wakeup=True)
    print(' '.join(sorted(seen)))
PY
operate() { CELERY_BROKER_URL=$operator_url PYTHONPATH=$work/$service.git timeout 300 "$python" operate.py "$@"; }

# ---------------------------------------------------------------- before anything is refused

client_service 2 'queues = { celery = { type = "classic" } }'
git -C "$service.git" add -A
git -C "$service.git" commit -qm ok
cdctl doctor -o ndjson </dev/null >out 2>err || true
expect_json 'any(.what == "workers of '"$service"'" and .state == "warning" and (.found | contains("asks for Celery (requirements.txt)")) and (.cure | contains("framework = \"celery\"")))'

# init writes it.
expect_exit 0 cdctl init fresh --service "$service" --trunk "$work/$service.git" --broker "http://guest@127.0.0.1:$HTTP_PORT" --password-file "$work/broker.password" --yes </dev/null
grep -q '^framework = "celery"    # requirements.txt asks for it' "fresh/services.d/$service.toml" || fail "init says nothing of Celery"
grep -q '^queues    = { "celery" = { type = "classic" } }' "fresh/services.d/$service.toml" || fail "init names no queue of Celery"
expect_exit 0 cdctl config check --config fresh/cdctl.toml </dev/null

# ---------------------------------------------------------------- it starts

client_service 2 'framework = "celery"' "queues = { celery = { type = \"$type\" } }"
# On RabbitMQ 4 a quorum queue as Celery declares it has a delivery limit: `deploy` refuses it, and says the policy that lifts it.
if [ "$type" = quorum ] && [[ $(api overview | jq -r .rabbitmq_version) = 4.* ]]; then
  expect_exit 5 cdctl deploy "$service" </dev/null
  expect_error "delivery-limit.*-1"
  api "policies/$vhost/no-limit" -X PUT -f -o /dev/null -d '{"pattern":"^celery$","definition":{"delivery-limit":-1},"apply-to":"quorum_queues"}'
fi
good=$(deploy_one)
[ -n "$good" ] || fail "no set: $(tail -3 deploy.err)"
eventually 90 consumes "$good" 2
date +%N >"$service.git/nonce"
git -C "$service.git" add -A
git -C "$service.git" commit -qm bad
bad=$(deploy_one)
eventually 90 consumes "$bad" 2
cdctl doctor -o ndjson </dev/null >out 2>err || true
expect_json 'any(.what == "workers of '"$service"'" and .state == "ok" and (.found | startswith("Celery")))'
expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
expect_json 'length == 2 and all(.state == "live" and .rights == null)'

# ---------------------------------------------------------------- what Celery offers works

four_nodes() { operate ping >nodes && [ "$(wc -l <nodes)" = 4 ]; }
eventually 60 four_nodes
for unit in 0 1; do
  for set in "$good" "$bad"; do grep -q "^$set\.$unit@" nodes || fail "no node $set.$unit: $(cat nodes)"; done
done
expect_same "results, a retry, and a task that a task sent" "$(operate results)" "2 36"
operate events | grep -q 'task-received.*task-succeeded' || fail "no events"
: >revoked.ledger
operate revoke "$work/revoked.ledger" >/dev/null

# ---------------------------------------------------------------- cut in mid-flow

# Celery acknowledges a task when it begins: what a frozen worker was doing goes on with --thaw. One task each, and one on its way to it.
mend_options=(--thaw)
held=4
cut_rounds "$bad" 2 operate send "$messages"
measured "Celery $("$python" -c 'import celery; print(celery.__version__)'), $type queue" "$good"
[ ! -s revoked.ledger ] || fail "a revoked task was done"

# ---------------------------------------------------------------- what it may not

url=$(of_a_unit "$bad" CELERY_BROKER_URL)
api "queues/$vhost/other" -X PUT -f -o /dev/null -d '{"durable":true}'
cat >trespass.py <<'PY'
import sys
import amqp
from kombu.utils.url import parse_url

at = parse_url(sys.argv[1])
tries = {
    'bind into the signals': lambda c: c.exchange_bind('cdctl.signals', 'celery', '#'),
    'declare over the signals': lambda c: c.exchange_declare('cdctl.signals', 'topic', durable=True, passive=False, auto_delete=False),
    'read the signals': lambda c: c.basic_consume('cdctl.signals.log'),
    'declare a queue': lambda c: c.queue_declare('mine', durable=True),
    'read another queue': lambda c: c.basic_get('other'),
    'bind another queue': lambda c: c.queue_bind('other', 'celery', 'celery'),
    'purge another queue': lambda c: c.queue_purge('other'),
}
for what, act in tries.items():
    with amqp.Connection(f"{at['hostname']}:{at['port']}", at['userid'], at['password'], virtual_host=at['virtual_host']) as connection:
        try:
            act(connection.channel())
            print('let in:', what)
        except amqp.exceptions.AccessRefused:
            pass
with amqp.Connection(f"{at['hostname']}:{at['port']}", at['userid'], at['password'], virtual_host=at['virtual_host'], confirm_publish=True) as connection:
    try:
        connection.channel().basic_publish(amqp.Message('x'), 'cdctl.signals', 'x.r0000000000.error')
        print('let in: publish a signal')
    except (amqp.exceptions.AccessRefused, amqp.exceptions.ChannelError):
        pass
PY
expect_exit 0 timeout 60 "$python" trespass.py "$url" </dev/null
expect_quiet

# A second service of Celery in this virtual host is refused: its workers would hear those of the first.
cp "services.d/$service.toml" "services.d/${service}x.toml"
expect_exit 5 cdctl deploy "${service}x" </dev/null
expect_error 'whose remote control is one for all'
rm "services.d/${service}x.toml"
