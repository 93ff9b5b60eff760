// Worker and sender with Spring Boot: `java jobs.Worker`, `java jobs.Worker COUNT LEDGER`. Its broker is $SPRING_RABBITMQ_ADDRESSES.
package jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.DirectExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

@SpringBootApplication
public class Worker {
  @Bean
  Queue jobs() {
    return new Queue("jobs");
  }

  @Bean
  DirectExchange work() {
    return new DirectExchange("work");
  }

  @Bean
  Binding binding(Queue jobs, DirectExchange work) {
    return BindingBuilder.bind(jobs).to(work).with("jobs");
  }

  @RabbitListener(queues = "jobs", autoStartup = "${listen:true}")
  void take(String task) throws IOException, InterruptedException {
    Thread.sleep(10);  // the work
    String[] parts = task.split(" ");
    String line = "done " + parts[1] + " " + System.getenv("CDCTL_SET") + " " + System.currentTimeMillis() + "\n";
    Files.writeString(Path.of(parts[0]), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  public static void main(String[] argv) {
    if (argv.length == 0) {
      SpringApplication.run(Worker.class, argv);
      return;
    }
    var context = SpringApplication.run(Worker.class, "--listen=false", "--spring.rabbitmq.publisher-confirm-type=simple");
    context.getBean(RabbitTemplate.class).invoke(operations -> {
      for (int number = 0; number < Integer.parseInt(argv[0]); number++) {
        operations.convertAndSend("work", "jobs", argv[1] + " " + number);
      }
      operations.waitForConfirmsOrDie(60_000);
      return null;
    });
    context.close();
  }
}
