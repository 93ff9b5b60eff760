// Worker and sender: `node worker`, `node worker COUNT LEDGER`.
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
  await channel.consume('jobs', async (message) => {
    await new Promise((done) => setTimeout(done, 100));  // the work; others go on meanwhile
    const [ledger, number] = message.content.toString().split(' ');
    fs.appendFileSync(ledger, `done ${number} ${process.env.CDCTL_SET} ${Date.now()}\n`);
    channel.ack(message);
  });
})();
