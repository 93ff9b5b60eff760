#include "plugins/rabbit/broker/topology.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/names.hpp"
#include "plugins/rabbit/broker/settings.hpp"

namespace cdctl::rabbit {

namespace {

constexpr std::int64_t k_most_unit_connections = 10'000;

/// Reads one table and words its complaints with the way to the key.
class Table {
 public:
  Table(const ServiceConfig& service, std::string path, const Json& json)
      : file_(service.file.string()), path_(std::move(path)), json_(json) {}

  [[nodiscard]] std::unexpected<Error> wrong(std::string_view key, std::string_view why) const {
    return fail(ExitCode::config,
                fmt::format("{}: {}{}{}: {}", file_, path_, key.empty() ? "" : ".", key, why));
  }
  Result<> only(std::span<const std::string> keys) const {
    if (!json_.is_object()) return wrong("", "must be a table");
    for (const auto& [key, value] : json_.members()) {
      if (std::ranges::find(keys, key) != keys.end()) continue;
      return wrong(printable(key, 60), "unknown key" + did_you_mean(key, keys));
    }
    return {};
  }
  Result<std::string> text(const char* key, std::string_view otherwise) const {
    const auto& value = json_[key];
    if (!value.is_null() && !value.is_string()) return wrong(key, "must be text");
    return value.as_string(otherwise);
  }
  Result<bool> flag(const char* key, bool otherwise) const {
    const auto& value = json_[key];
    if (!value.is_null() && !value.is_bool()) return wrong(key, "must be true or false");
    return value.as_bool(otherwise);
  }
  Result<Json> table(const char* key) const {
    const auto& value = json_[key];
    if (!value.is_null() && !value.is_object()) return wrong(key, "must be a table");
    return value.is_object() ? value : Json::object();
  }
  /// The names of a table's members: of AMQP, so 1 to 255 bytes, none of them a control character.
  Result<> amqp_name(std::string_view name) const {
    const bool clean = std::ranges::none_of(
        name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
    if (name.empty() || name.size() > 255 || !clean)
      return wrong(printable(name, 60), "is not a name of 1 to 255 printable bytes");
    return {};
  }
  [[nodiscard]] const Json& json() const { return json_; }

 private:
  std::string file_, path_;
  const Json& json_;
};

Result<std::vector<Binding>> read_bindings(const Table& table) {
  static const std::vector<std::string> keys{"exchange", "key"};
  const auto& list = table.json()["bindings"];
  if (!list.is_null() && !list.is_array())
    return table.wrong("bindings", "must be an array of { exchange, key }");
  std::vector<Binding> bindings;
  for (const auto& item : list.items()) {
    if (!item.is_object() || item["exchange"].view().empty())
      return table.wrong("bindings", "each needs exchange = \"NAME\"");
    for (const auto& [key, value] : item.members())
      if (std::ranges::find(keys, key) == keys.end() || !value.is_string())
        return table.wrong("bindings", "each holds the texts exchange and key only");
    bindings.push_back({item["exchange"].as_string(), item["key"].as_string()});
  }
  return bindings;
}

/// What the file leaves open is as the framework's workers declare it.
Result<Queue> read_queue(const Table& table, const std::string& name, const Framework* framework) {
  static const std::vector<std::string> keys{"type", "durable", "arguments", "bindings"};
  CDCTL_TRY(table.only(keys));
  Queue queue;
  queue.by_workers = framework;
  CDCTL_TRY_ASSIGN(queue.type, table.text("type", framework ? "classic" : "quorum"));
  if (queue.type != "quorum" && queue.type != "classic" && queue.type != "stream")
    return table.wrong("type", "is not one of quorum, classic, stream");
  CDCTL_TRY_ASSIGN(queue.durable, table.flag("durable", true));
  if (!queue.durable && queue.type != "classic")
    return table.wrong("durable", fmt::format("a {} queue is always durable", queue.type));
  CDCTL_TRY_ASSIGN(queue.arguments, table.table("arguments"));
  if (const auto* type = queue.arguments.find("x-queue-type"); type && type->view() != queue.type) {
    return table.wrong("arguments", "x-queue-type differs from type; leave it out");
  }
  const auto theirs = framework ? framework->queue_arguments(name) : Json::object();
  for (const auto& [key, value] : theirs.members())
    if (!queue.arguments.find(key)) queue.arguments.set(key, value);
  queue.arguments.set("x-queue-type", queue.type);
  CDCTL_TRY_ASSIGN(queue.bindings, read_bindings(table));
  return queue;
}

Result<Exchange> read_exchange(const Table& table) {
  static const std::vector<std::string> keys{"type", "durable", "arguments"};
  CDCTL_TRY(table.only(keys));
  Exchange exchange;
  CDCTL_TRY_ASSIGN(exchange.type, table.text("type", "direct"));
  CDCTL_TRY_ASSIGN(exchange.durable, table.flag("durable", true));
  CDCTL_TRY_ASSIGN(exchange.arguments, table.table("arguments"));
  return exchange;
}

Result<std::vector<std::string>> read_publish(const Table& table) {
  const auto& list = table.json()["publish"];
  if (!list.is_null() && !list.is_array())
    return table.wrong("publish", "must be an array of exchange names");
  std::vector<std::string> names;
  for (const auto& item : list.items()) {
    if (!item.is_string()) return table.wrong("publish", "must be an array of exchange names");
    if (!item.view().empty()) CDCTL_TRY(table.amqp_name(item.view()));
    names.push_back(item.as_string());
  }
  return names;
}

Result<const Framework*> read_framework(const Table& table) {
  CDCTL_TRY_ASSIGN(const auto name, table.text("framework", ""));
  if (name.empty()) return nullptr;
  if (const auto* framework = find_framework(name)) return framework;
  std::vector<std::string> names;
  for (const auto& known : frameworks()) names.emplace_back(known.name);
  return table.wrong("framework",
                     fmt::format("'{}' is none of {}{}; leave it out and say configure, write and "
                                 "read (docs/frameworks/README.md)",
                                 printable(name, 40), joined(names), did_you_mean(name, names)));
}

/// `configure`, `write` or `read`.
Result<std::vector<std::string>> read_names(const Table& table, const char* key) {
  const auto& list = table.json()[key];
  if (!list.is_null() && !list.is_array()) return table.wrong(key, "must be an array of names");
  std::vector<std::string> names;
  for (const auto& item : list.items()) {
    if (!item.is_string()) return table.wrong(key, "must be an array of names");
    CDCTL_TRY(table.amqp_name(item.view()));
    if (const auto why = too_wide(item.view()); !why.empty())
      return table.wrong(key, fmt::format("'{}' {}", printable(item.view(), 60), why));
    names.push_back(item.as_string());
  }
  return names;
}

}  // namespace

bool Topology::controlled() const {
  return framework && remote_control && std::ranges::any_of(framework->names, &OwnNames::control);
}

bool Topology::publishes_to(std::string_view exchange) const {
  return std::ranges::find(publish, exchange) != publish.end();
}

TurnNames turn_names(std::string_view service, std::string_view process) {
  return {fmt::format("cdctl.one.{}.{}", service, process),
          fmt::format("cdctl.turn.{}.{}", service, process)};
}

std::vector<TurnNames> turns_of(const ServiceConfig& service) {
  std::vector<TurnNames> out;
  for (const auto& process : service.singletons()) out.push_back(turn_names(service.name, process));
  return out;
}

Result<Topology> read_topology(const ServiceConfig& service) {
  static const std::vector<std::string> keys{
      "queues",   "exchanges",        "publish",   "max_connections", "broker",    "vhost",
      "consumes", "unit_connections", "framework", "remote_control",  "configure", "write",
      "read"};
  Topology topology;
  const auto& json = service.table["rabbit"];
  if (json.is_null()) return topology;
  const Table table(service, "[rabbit]", json);
  CDCTL_TRY(table.only(keys));
  CDCTL_TRY_ASSIGN(topology.framework, read_framework(table));
  CDCTL_TRY_ASSIGN(topology.remote_control, table.flag("remote_control", true));
  CDCTL_TRY_ASSIGN(topology.configure, read_names(table, "configure"));
  CDCTL_TRY_ASSIGN(topology.write, read_names(table, "write"));
  CDCTL_TRY_ASSIGN(topology.read, read_names(table, "read"));
  CDCTL_TRY_ASSIGN(const auto queues, table.table("queues"));
  for (const auto& [name, value] : queues.members()) {
    CDCTL_TRY(table.amqp_name(name));
    CDCTL_TRY_ASSIGN(topology.queues[name],
                     read_queue(Table(service, "[rabbit] queues." + printable(name, 60), value),
                                name, topology.framework));
  }
  CDCTL_TRY_ASSIGN(const auto exchanges, table.table("exchanges"));
  for (const auto& [name, value] : exchanges.members()) {
    CDCTL_TRY(table.amqp_name(name));
    CDCTL_TRY_ASSIGN(
        topology.exchanges[name],
        read_exchange(Table(service, "[rabbit] exchanges." + printable(name, 60), value)));
  }
  CDCTL_TRY_ASSIGN(topology.publish, read_publish(table));
  CDCTL_TRY_ASSIGN(topology.consumes, table.flag("consumes", true));
  if (topology.framework) topology.unit_connections = topology.framework->connections;
  if (const auto& needed = json["unit_connections"]; !needed.is_null()) {
    if (!needed.is_int() || needed.as_int() < 1 || needed.as_int() > k_most_unit_connections)
      return table.wrong("unit_connections",
                         fmt::format("must be a number from 1 to {}", k_most_unit_connections));
    topology.unit_connections = needed.as_int();
  }
  if (const auto& most = json["max_connections"]; !most.is_null()) {
    // 0 is how a set is cut: it may not be the normal state.
    if (!most.is_int() || most.as_int() < 1)
      return table.wrong("max_connections", "must be a number, at least 1");
    topology.max_connections = most.as_int();
  }
  return topology;
}

namespace {

/// Names of which RabbitMQ and cdctl have their own.
std::string_view reserved(std::string_view name) {
  if (name.starts_with("amq.")) return "names that begin with amq. are RabbitMQ's own";
  if (name.starts_with("cdctl.")) return "names that begin with cdctl. are cdctl's own";
  return {};
}

/// What is given up, or goes nowhere, must not become a signal.
Result<> check_target(const Table& table, std::string_view of, std::string_view key,
                      const Json& arguments) {
  if (arguments[key].view() != k_signals) return {};
  return table.wrong(
      fmt::format("{}.arguments", printable(of, 60)),
      fmt::format("{} is {}: that takes signals only, from those who send them", key, k_signals));
}

}  // namespace

Result<> check_names(const ServiceConfig& service, const Topology& topology) {
  const Table queues(service, "[rabbit] queues", service.table["rabbit"]["queues"]);
  const Table exchanges(service, "[rabbit] exchanges", service.table["rabbit"]["exchanges"]);
  const Table rabbit(service, "[rabbit]", service.table["rabbit"]);
  for (const auto& [name, queue] : topology.queues) {
    const auto shown = printable(name, 60);
    if (const auto why = reserved(name); !why.empty()) return queues.wrong(shown, why);
    // Who may declare has no right to the exchange of the signals that it could misuse.
    if (!topology.declares() && (topology.exchanges.contains(name) || topology.publishes_to(name)))
      return queues.wrong(shown,
                          "an exchange here has the same name, and RabbitMQ's permissions are by "
                          "name: who may read the queue could bind the exchange to any other; call "
                          "one of them otherwise");
    CDCTL_TRY(check_target(queues, name, "x-dead-letter-exchange", queue.arguments));
  }
  for (const auto& [name, exchange] : topology.exchanges) {
    if (const auto why = reserved(name); !why.empty())
      return exchanges.wrong(printable(name, 60), why);
    CDCTL_TRY(check_target(exchanges, name, "alternate-exchange", exchange.arguments));
  }
  for (const auto& name : topology.publish)  // every set's user may publish to that of the signals
    if (name.starts_with("cdctl.") && name != k_signals)
      return rabbit.wrong("publish", fmt::format("{}: {}", printable(name, 60), reserved(name)));
  return {};
}

}  // namespace cdctl::rabbit
