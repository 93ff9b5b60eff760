#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/config.hpp>

#include "plugins/rabbit/broker/frameworks.hpp"

namespace cdctl::rabbit {

struct Binding {
  std::string exchange, key;
};

struct Queue {
  std::string type = "quorum";
  bool durable = true;
  Json arguments = Json::object();  ///< x-queue-type included
  std::vector<Binding> bindings;
  bool by_workers = false;  ///< they declare it as well: with what the file says, and nothing else
};

struct Exchange {
  std::string type = "direct";
  bool durable = true;
  Json arguments = Json::object();
};

/// What the sets of a service share that keep one of its processes to one: who alone consumes from
/// the queue runs it, and who wants it says so to the exchange.
struct TurnNames {
  std::string queue, exchange;
};
[[nodiscard]] TurnNames turn_names(std::string_view service, std::string_view process);
/// Of each process of which the service runs one.
[[nodiscard]] std::vector<TurnNames> turns_of(const ServiceConfig& service);

/// How the connection of a keeper begins to be called: it takes no part in the work of its set.
inline constexpr std::string_view k_keeper_connection = "cdctl-keeper ";

/// `[rabbit]` of a service's file, checked: what its workers read from and write to.
struct Topology {
  std::map<std::string, Queue> queues;
  std::map<std::string, Exchange> exchanges;
  std::vector<std::string> publish;             ///< exchanges; "" is the default one
  std::optional<std::int64_t> max_connections;  ///< of a set's user
  std::int64_t unit_connections = 1;            ///< that a unit needs to work
  bool consumes = true;  ///< its workers read the queues; false: they do so when they please
  const Framework* framework = nullptr;  ///< what its workers are written with
  bool remote_control = true;            ///< they may use what that has of it
  /// Further names that the workers may declare, write to and read; `*` stands for anything.
  std::vector<std::string> configure, write, read;

  /// Whether a worker that is connected and takes no message is none.
  [[nodiscard]] bool takes_messages() const { return consumes && !queues.empty(); }
  /// Whether the workers may make anything: then they can bind what they made to what they may
  /// write to.
  [[nodiscard]] bool declares() const { return framework || !configure.empty() || !read.empty(); }
  /// Whether the workers hear what is said to all of their framework in the virtual host.
  [[nodiscard]] bool controlled() const;
  [[nodiscard]] bool publishes_to(std::string_view exchange) const;
};

/// Exit code `config`, naming file, key and what is expected.
[[nodiscard]] Result<Topology> read_topology(const ServiceConfig& service);

/// Whether these names keep the workers' rights to what was meant. RabbitMQ's permissions are by
/// name: where a queue and an exchange share one, who may read the queue may bind the exchange, to
/// that of the signals as well. Exit code `config`.
[[nodiscard]] Result<> check_names(const ServiceConfig& service, const Topology& topology);

}  // namespace cdctl::rabbit
