// Worker and sender, as RabbitMQ's second tutorial writes them: `java Worker`, `java Worker COUNT LEDGER`.
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.MessageProperties;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

public class Worker {
  public static void main(String[] argv) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(System.getenv("AMQP_URL"));
    final Connection connection = factory.newConnection();
    final Channel channel = connection.createChannel();
    channel.exchangeDeclare("work", "direct", true);
    channel.queueDeclare("jobs", true, false, false, null);
    channel.queueBind("jobs", "work", "jobs");
    if (argv.length > 0) {
      channel.confirmSelect();
      for (int number = 0; number < Integer.parseInt(argv[0]); number++) {
        channel.basicPublish("work", "jobs", MessageProperties.PERSISTENT_TEXT_PLAIN, (argv[1] + " " + number).getBytes(StandardCharsets.UTF_8));
      }
      channel.waitForConfirmsOrDie(60_000);
      connection.close();
      return;
    }

    channel.basicQos(10);
    DeliverCallback deliverCallback = (consumerTag, delivery) -> {
      try {
        doWork(new String(delivery.getBody(), StandardCharsets.UTF_8));
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
        return;
      }
      channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
    };
    channel.basicConsume("jobs", false, deliverCallback, consumerTag -> {});
  }

  private static void doWork(String task) throws IOException, InterruptedException {
    Thread.sleep(10);
    String[] parts = task.split(" ");
    String line = "done " + parts[1] + " " + System.getenv("CDCTL_SET") + " " + System.currentTimeMillis() + "\n";
    Files.writeString(Path.of(parts[0]), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }
}
