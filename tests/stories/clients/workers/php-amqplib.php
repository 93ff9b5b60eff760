<?php // Worker and sender: `php worker`, `php worker COUNT LEDGER`.
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
    usleep(10_000);  // the work
    [$ledger, $number] = explode(' ', $message->body);
    file_put_contents($ledger, "done $number " . getenv('CDCTL_SET') . ' ' . (int) (microtime(true) * 1000) . "\n", FILE_APPEND);
    $message->ack();
  });
  while ($channel->is_consuming()) $channel->wait();
}
