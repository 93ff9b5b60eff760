#include "plugins/rabbit/broker/frameworks.hpp"

#include <algorithm>
#include <array>

namespace cdctl::rabbit {

namespace {

// 128 random bits, as Python's uuid writes them: nobody finds another's by trying.
#define CDCTL_UUID "[0-9a-f]{8}\\-[0-9a-f]{4}\\-[0-9a-f]{4}\\-[0-9a-f]{4}\\-[0-9a-f]{12}"

/// Queues that the broker names for a client: of a worker that waits for answers.
constexpr OwnNames k_by_broker{"amq\\.gen\\-.+"};

// kombu/pidbox.py, celery/events/receiver.py, celery/backends/rpc.py: seen with Celery 5.2.6 and
// 5.7.0.
constexpr std::array k_celery{
    OwnNames{"celery\\.pidbox", true, true, true},
    OwnNames{"reply\\.celery\\.pidbox", true, true, true},
    OwnNames{CDCTL_UUID "\\.reply\\.celery\\.pidbox", true, true, true},
    OwnNames{"[^@]+@.+\\.celery\\.pidbox", true, true, true},
    OwnNames{"celeryev", true, true, true},
    OwnNames{"celeryev\\.[^.]+", true, true, true},
    OwnNames{CDCTL_UUID, false, true},  // results that come back as messages: rpc://
};
constexpr std::array k_named_by_broker{k_by_broker};
constexpr std::array k_aio_pika{k_by_broker, OwnNames{"amq_[0-9a-f]{32}"}};
constexpr std::array k_spring{k_by_broker, OwnNames{"spring\\.gen\\-.+"}};

#undef CDCTL_UUID

constexpr std::array k_frameworks{
    Framework{.name = "celery",
              .title = "Celery",
              .queue = "celery",
              .url_variable = "CELERY_BROKER_URL",
              .node_variable = "CELERY_WORKER_HOSTNAME",
              .default_exchange = true,
              .queue_exchanges = true,
              .helpers = true,
              .connections = 4,
              .names = k_celery},
    Framework{.name = "dramatiq",
              .title = "Dramatiq",
              .queue = "default",
              .default_exchange = true,
              .helpers = true,
              .parks = true},
    Framework{
        .name = "kombu", .title = "Kombu", .queue_exchanges = true, .names = k_named_by_broker},
    Framework{.name = "aio-pika", .title = "aio-pika", .names = k_aio_pika},
    Framework{.name = "pika", .title = "Pika", .names = k_named_by_broker},
    Framework{.name = "amqplib", .title = "amqplib", .names = k_named_by_broker},
    Framework{.name = "bunny",
              .title = "Bunny",
              .url_variable = "RABBITMQ_URL",
              .names = k_named_by_broker},
    Framework{.name = "amqp091-go", .title = "amqp091-go", .names = k_named_by_broker},
    Framework{.name = "spring", .title = "Spring AMQP", .names = k_spring},
    Framework{.name = "java", .title = "the Java client", .names = k_named_by_broker},
    Framework{.name = "php-amqplib", .title = "php-amqplib", .names = k_named_by_broker},
};

}  // namespace

std::string Framework::parked(std::string_view of) const {
  return parks ? std::string(of) + ".XQ" : std::string();
}

Json Framework::queue_arguments(std::string_view of) const {
  if (!parks) return Json::object();
  return Json::object({{"x-dead-letter-exchange", ""}, {"x-dead-letter-routing-key", parked(of)}});
}

std::span<const Framework> frameworks() { return k_frameworks; }

const Framework* find_framework(std::string_view name) {
  const auto at = std::ranges::find(k_frameworks, name, &Framework::name);
  return at == k_frameworks.end() ? nullptr : &*at;
}

bool is_own_names(std::string_view pattern) {
  return std::ranges::any_of(k_frameworks, [&](const Framework& framework) {
    return std::ranges::find(framework.names, pattern, &OwnNames::pattern) != framework.names.end();
  });
}

}  // namespace cdctl::rabbit
