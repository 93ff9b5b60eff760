// Worker and sender, as RabbitMQ's second tutorial writes them: `worker`, `worker COUNT LEDGER`.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func failOnError(err error, msg string) {
	if err != nil {
		log.Panicf("%s: %s", msg, err)
	}
}

func main() {
	conn, err := amqp.Dial(os.Getenv("AMQP_URL"))
	failOnError(err, "Failed to connect to RabbitMQ")
	defer conn.Close()
	ch, err := conn.Channel()
	failOnError(err, "Failed to open a channel")
	defer ch.Close()
	err = ch.ExchangeDeclare("work", "direct", true, false, false, false, nil)
	failOnError(err, "Failed to declare an exchange")
	q, err := ch.QueueDeclare("jobs", true, false, false, false, nil)
	failOnError(err, "Failed to declare a queue")
	err = ch.QueueBind(q.Name, "jobs", "work", false, nil)
	failOnError(err, "Failed to bind a queue")
	if len(os.Args) > 2 {
		send(ch)
		return
	}

	err = ch.Qos(10, 0, false)
	failOnError(err, "Failed to set QoS")
	msgs, err := ch.Consume(q.Name, "", false, false, false, false, nil)
	failOnError(err, "Failed to register a consumer")

	var forever chan struct{}
	go func() {
		for d := range msgs {
			work(string(d.Body))
			d.Ack(false)
		}
	}()
	<-forever
}

func work(body string) {
	time.Sleep(10 * time.Millisecond) // the work
	ledger, number, _ := strings.Cut(body, " ")
	out, err := os.OpenFile(ledger, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	failOnError(err, "Failed to open the ledger")
	defer out.Close()
	fmt.Fprintf(out, "done %s %s %d\n", number, os.Getenv("CDCTL_SET"), time.Now().UnixMilli())
}

func send(ch *amqp.Channel) {
	count, err := strconv.Atoi(os.Args[1])
	failOnError(err, "Failed to read the count")
	err = ch.Confirm(false)
	failOnError(err, "Failed to ask for confirms")
	for number := 0; number < count; number++ {
		confirmation, err := ch.PublishWithDeferredConfirmWithContext(context.Background(), "work", "jobs", false, false, amqp.Publishing{
			DeliveryMode: amqp.Persistent,
			ContentType:  "text/plain",
			Body:         []byte(fmt.Sprintf("%s %d", os.Args[2], number)),
		})
		failOnError(err, "Failed to publish a message")
		if !confirmation.Wait() {
			log.Panicf("message %d was not confirmed", number)
		}
	}
}
