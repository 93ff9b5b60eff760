#!/usr/bin/env bash
# Workers with Pika, Kombu, aio-pika and Dramatiq, each as its manual writes it: it declares its queue, its exchange and the binding
# itself, and starts under cdctl unchanged; cuts in mid-flow lose nothing. Those that are not installed here are left out, by name.
. "$(dirname "$0")/../lib/common.bash"
. "$source_dir/tests/stories/lib/clients.bash"

here=()
for client in ${CDCTL_STORY_CLIENTS:-pika kombu aio_pika dramatiq}; do
  if has_python "$client"; then here+=("$client"); else printf 'skipped: no Python here has %s\n' "$client" >&2; fi
done
[ ${#here[@]} -gt 0 ] || skip "none of these clients is installed; apt install python3-pika python3-kombu python3-aio-pika, or scripts/client-libraries"
begin broker
vhosts=()
clean_up() { for vhost in "${vhosts[@]}"; do drop_vhost; done; }

# Each program is worker and sender: `worker.py send COUNT LEDGER`.
write_common() {
  cat <<'PY'
import os, sys, time
url = os.environ['AMQP_URL']

def note(ledger, number):
    time.sleep(0.01)  # the work
    with open(ledger, 'a') as out:
        out.write(f"done {number} {os.environ.get('CDCTL_SET')} {int(time.time() * 1000)}\n")

PY
}

write_pika() {
  cat <<'PY'
import pika
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.exchange_declare('work', 'direct', durable=True)
channel.queue_declare('jobs', durable=True)
channel.queue_bind('jobs', 'work', 'jobs')
if sys.argv[1:]:
    channel.confirm_delivery()
    for number in range(int(sys.argv[2])):
        channel.basic_publish('work', 'jobs', f'{sys.argv[3]} {number}'.encode(), mandatory=True)
else:
    def take(channel, method, properties, body):
        note(*body.decode().split())
        channel.basic_ack(method.delivery_tag)
    channel.basic_qos(prefetch_count=10)
    channel.basic_consume('jobs', take)
    channel.start_consuming()
PY
}

write_kombu() {
  cat <<'PY'
import kombu
from kombu.mixins import ConsumerMixin
jobs = kombu.Queue('jobs', kombu.Exchange('jobs'), routing_key='jobs')

class Worker(ConsumerMixin):
    def __init__(self, connection):
        self.connection = connection
    def get_consumers(self, Consumer, channel):
        return [Consumer([jobs], callbacks=[self.take], prefetch_count=10)]
    def take(self, body, message):
        note(*body)
        message.ack()

with kombu.Connection(url, transport_options={'confirm_publish': True}) as connection:
    if sys.argv[1:]:
        with connection.Producer() as producer:
            for number in range(int(sys.argv[2])):
                producer.publish([sys.argv[3], number], exchange=jobs.exchange, routing_key='jobs', declare=[jobs])
    else:
        Worker(connection).run()
PY
}

write_aio_pika() {
  cat <<'PY'
import asyncio, aio_pika

async def main():
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=10)
    work = await channel.declare_exchange('work', 'direct', durable=True)
    jobs = await channel.declare_queue('jobs', durable=True)
    await jobs.bind(work, 'jobs')
    if sys.argv[1:]:
        for number in range(int(sys.argv[2])):
            await work.publish(aio_pika.Message(f'{sys.argv[3]} {number}'.encode()), 'jobs')
        await connection.close()
    else:
        async with jobs.iterator() as messages:
            async for message in messages:
                async with message.process():
                    note(*message.body.decode().split())

asyncio.run(main())
PY
}

write_dramatiq() {
  cat <<'PY'
import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
dramatiq.set_broker(RabbitmqBroker(url=url, confirm_delivery=True))

@dramatiq.actor
def take(ledger, number):
    note(ledger, number)

if __name__ == '__main__':
    for number in range(int(sys.argv[2])):
        take.send(sys.argv[3], number)
PY
}

for client in "${here[@]}"; do
  has_python "$client"
  service=e$(random_hex 4)
  own_vhost
  vhosts+=("$vhost")
  queue=jobs exchanges='exchanges = { work = {} }' wanted=2 command="$python worker.py"
  case $client in
    kombu) exchanges='' ;;
    dramatiq) queue=default exchanges='' wanted=4 command="$python -m dramatiq -p 1 -t 1 worker" ;;
  esac
  client_trunk "worker: $command"
  { write_common; "write_$client"; } >"$service.git/worker.py"
  git -C "$service.git" add -A
  git -C "$service.git" commit -qm ok
  client_service 2 "framework = \"${client/_/-}\"" "queues = { $queue = {} }" "$exchanges"
  good=$(deploy_one)
  [ -n "$good" ] || fail "$client: no set: $(tail -3 deploy.err)"
  eventually 60 consumes "$good" "$wanted"
  date +%N >"$service.git/nonce"
  git -C "$service.git" add -A
  git -C "$service.git" commit -qm bad
  bad=$(deploy_one)
  cut_rounds "$bad" "$wanted" env AMQP_URL="$operator_url" timeout 300 "$python" "$service.git/worker.py" send "$messages"
  expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
  expect_json 'length == 2 and all(.state == "live" and .rights == null)'
  measured "$client $("$python" -c "from importlib.metadata import version; print(version('${client/_/-}'))")" "$good"
  expect_exit 0 cdctl reap "$good" "$bad" --even-newest --even-last "$good" --even-last "$bad" </dev/null
  rm "services.d/$service.toml"
done
