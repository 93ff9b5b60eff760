# Worker and sender: `ruby worker`, `ruby worker COUNT LEDGER`.
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
    sleep 0.01   # the work
    ledger, number = body.split
    File.open(ledger, 'a') { |out| out.write("done #{number} #{ENV['CDCTL_SET']} #{(Time.now.to_f * 1000).to_i}\n") }
    channel.ack(delivery.delivery_tag)
  end
end
