#!/usr/bin/env bash
# Workers with amqplib (Node), Bunny (Ruby) and php-amqplib, as python.bash has them of Python. CDCTL_CLIENT_NODE: a node_modules folder.
. "$(dirname "$0")/../lib/common.bash"
. "$source_dir/tests/stories/lib/clients.bash"
export NODE_PATH=${CDCTL_CLIENT_NODE:-/usr/share/nodejs:/usr/lib/nodejs}

has() {
  case $1 in
    amqplib) node -e 'require("amqplib")' ;;
    bunny) ruby -e 'require "bunny"' ;;
    php-amqplib) php -r 'require "PhpAmqpLib/autoload.php";' ;;
  esac >has.out 2>&1
}
command_of() {
  case $1 in
    amqplib) echo "NODE_PATH=$NODE_PATH node worker" ;;
    bunny) echo 'ruby worker' ;;
    php-amqplib) echo 'php worker' ;;
  esac
}

write_amqplib() {
  cat <<'JS'
const amqp = require('amqplib'), fs = require('fs');
(async () => {
  const connection = await amqp.connect(process.env.AMQP_URL);
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange('work', 'direct', { durable: true });
  await channel.assertQueue('jobs', { durable: true });
  await channel.bindQueue('jobs', 'work', 'jobs');
  const [, , count, ledger] = process.argv;
  if (count) {
    for (let number = 0; number < count; number++) channel.publish('work', 'jobs', Buffer.from(`${ledger} ${number}`), { persistent: true });
    await channel.waitForConfirms();
    return connection.close();
  }
  await channel.prefetch(10);
  await channel.consume('jobs', (message) => {
    const [ledger, number] = message.content.toString().split(' ');
    fs.appendFileSync(ledger, `done ${number} ${process.env.CDCTL_SET}\n`);
    channel.ack(message);
  });
})();
JS
}

write_bunny() {
  cat <<'RUBY'
require 'bunny'
connection = Bunny.new   # finds $RABBITMQ_URL by itself
connection.start
channel = connection.create_channel
work = channel.direct('work', durable: true)
jobs = channel.queue('jobs', durable: true).bind(work, routing_key: 'jobs')
if ARGV[0]
  channel.confirm_select
  ARGV[0].to_i.times { |number| work.publish("#{ARGV[1]} #{number}", routing_key: 'jobs', persistent: true) }
  channel.wait_for_confirms or abort 'not confirmed'
else
  channel.prefetch(10)
  jobs.subscribe(manual_ack: true, block: true) do |delivery, _, body|
    ledger, number = body.split
    File.open(ledger, 'a') { |out| out.write("done #{number} #{ENV['CDCTL_SET']}\n") }
    channel.ack(delivery.delivery_tag)
  end
end
RUBY
}

write_php-amqplib() {
  cat <<'PHP'
<?php
require 'PhpAmqpLib/autoload.php';
use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;

$at = array_map('rawurldecode', parse_url(getenv('AMQP_URL')));
$connection = new AMQPStreamConnection($at['host'], $at['port'], $at['user'], $at['pass'], substr($at['path'], 1));
$channel = $connection->channel();
$channel->exchange_declare('work', 'direct', false, true, false);
$channel->queue_declare('jobs', false, true, false, false);
$channel->queue_bind('jobs', 'work', 'jobs');
if (isset($argv[1])) {
  $channel->confirm_select();
  for ($number = 0; $number < $argv[1]; $number++)
    $channel->basic_publish(new AMQPMessage("$argv[2] $number", ['delivery_mode' => 2]), 'work', 'jobs');
  $channel->wait_for_pending_acks(60);
} else {
  $channel->basic_qos(null, 10, null);
  $channel->basic_consume('jobs', '', false, false, false, false, function ($message) {
    [$ledger, $number] = explode(' ', $message->body);
    file_put_contents($ledger, "done $number " . getenv('CDCTL_SET') . "\n", FILE_APPEND);
    $message->ack();
  });
  while ($channel->is_consuming()) $channel->wait();
}
PHP
}

begin broker
here=()
for client in amqplib bunny php-amqplib; do
  if has "$client"; then here+=("$client"); else printf 'skipped: %s is not installed\n' "$client" >&2; fi
done
[ ${#here[@]} -gt 0 ] || skip "none of these clients is installed; apt install ruby-bunny php-amqplib, npm install amqplib"
vhosts=()
clean_up() { for vhost in "${vhosts[@]}"; do drop_vhost; done; }

for client in "${here[@]}"; do
  service=e$(random_hex 4)
  own_vhost
  vhosts+=("$vhost")
  client_trunk "worker: $(command_of "$client")"
  "write_$client" >"$service.git/worker"
  git -C "$service.git" add -A
  git -C "$service.git" commit -qm ok
  client_service 2 "framework = \"$client\"" 'queues = { jobs = {} }' 'exchanges = { work = {} }'
  good=$(deploy_one)
  [ -n "$good" ] || fail "$client: no set: $(tail -3 deploy.err)"
  eventually 60 consumes "$good" 2
  date +%N >"$service.git/nonce"
  git -C "$service.git" add -A
  git -C "$service.git" commit -qm bad
  bad=$(deploy_one)
  cut_rounds "$bad" 2 env AMQP_URL="$operator_url" RABBITMQ_URL="$operator_url" timeout 120 sh -c "$(command_of "$client" | sed "s|worker|$service.git/worker|") $messages $work/done.ledger"
  expect_exit 0 cdctl ls "$service" -o ndjson </dev/null
  expect_json 'length == 2 and all(.state == "live" and .rights == null)'
  expect_exit 0 cdctl reap "$good" "$bad" --even-newest --even-last "$good" --even-last "$bad" </dev/null
  rm "services.d/$service.toml"
  printf '%s: %s rounds of %s messages, each cut in mid-flow; 0 lost\n' "$client" "$rounds" "$messages"
done
