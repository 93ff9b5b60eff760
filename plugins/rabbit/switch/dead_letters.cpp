#include "plugins/rabbit/switch/dead_letters.hpp"

#include <set>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

/// Exchanges that are followed at most: more in a chain are nobody's, and are taken to lead
/// somewhere.
constexpr std::size_t k_most_exchanges = 16;

std::string shown(std::string_view name) { return printable(name, 80); }

/// Words of a topic against those of a pattern; the rest of both.
bool words_match(std::span<const std::string_view> pattern, std::span<const std::string_view> key) {
  // The last # seen, and from where its words are tried again: linear memory, as with a glob.
  std::size_t at = 0, from = 0, hash = pattern.size(), tried = 0;
  while (from < key.size()) {
    if (at < pattern.size() && pattern[at] == "#") {
      hash = at++;
      tried = from;
    } else if (at < pattern.size() && (pattern[at] == "*" || pattern[at] == key[from])) {
      ++at;
      ++from;
    } else if (hash < pattern.size()) {
      at = hash + 1;
      from = ++tried;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == "#") ++at;
  return at == pattern.size();
}

/// Follows the bindings of exchanges until one leads to another queue.
class Search {
 public:
  Search(Management& management, const Topology& topology, const std::string& queue,
         const DeadLetterTarget& target, const Deadline& deadline)
      : management_(management),
        topology_(topology),
        queue_(queue),
        target_(target),
        deadline_(deadline) {}

  Result<std::string> run() {
    if (target_.exchange.empty()) return by_default_exchange();
    std::vector<std::string> next{target_.exchange};
    std::set<std::string> seen;
    while (!next.empty()) {
      const auto exchange = next.back();
      next.pop_back();
      if (!seen.insert(exchange).second) continue;
      if (seen.size() > k_most_exchanges) return std::string();
      CDCTL_TRY_ASSIGN(const auto type, type_of(exchange));
      if (type.empty() && exchange == target_.exchange)
        return fmt::format("there is no exchange {}", shown(exchange));
      CDCTL_TRY_ASSIGN(const bool reached, leads_to_queue(exchange, type, next));
      if (reached) return std::string();
    }
    if (back_to_itself_)
      return fmt::format("the exchange {} leads back to it, and to no other queue",
                         shown(target_.exchange));
    return fmt::format("no queue is bound to the exchange {}{}", shown(target_.exchange),
                       target_.key ? " for the key " + shown(*target_.key) : "");
  }

 private:
  Result<std::string> by_default_exchange() {
    if (!target_.key)
      return std::string(
          "the default exchange gives them to the queue that their own key names, and "
          "x-dead-letter-routing-key names none");
    if (*target_.key == queue_) return std::string("x-dead-letter-routing-key leads back to it");
    if (topology_.queues.contains(*target_.key)) return std::string();
    // The workers make that one beside the queue.
    const auto* framework = topology_.framework;
    if (framework && framework->parked(queue_) == *target_.key) return std::string();
    const auto& vhost = management_.settings().amqp.vhost;
    CDCTL_TRY_ASSIGN(const auto there,
                     management_.get_if_there(
                         {.path = path_of({"queues", vhost, *target_.key}) + "?disable_stats=true",
                          .doing = "looking for the queue of dead letters " + shown(*target_.key),
                          .name = *target_.key},
                         deadline_));
    return there ? std::string() : fmt::format("there is no queue {}", shown(*target_.key));
  }

  /// Empty when there is no such exchange, here or there.
  Result<std::string> type_of(const std::string& exchange) {
    if (const auto ours = topology_.exchanges.find(exchange); ours != topology_.exchanges.end())
      return ours->second.type;
    const auto& vhost = management_.settings().amqp.vhost;
    CDCTL_TRY_ASSIGN(const auto there,
                     management_.get_if_there(
                         {.path = path_of({"exchanges", vhost, exchange}) + "?disable_stats=true",
                          .doing = "looking for the exchange of dead letters " + shown(exchange),
                          .name = exchange},
                         deadline_));
    return there ? (*there)["type"].as_string("direct") : std::string();
  }

  /// The headers of a message, and the rules of exchanges that RabbitMQ does not bring, are not
  /// known here.
  [[nodiscard]] bool takes(std::string_view type, std::string_view binding_key) const {
    if (!target_.key) return true;
    if (type == "direct") return binding_key == *target_.key;
    if (type == "topic") return topic_matches(binding_key, *target_.key);
    return true;
  }

  bool reaches(const std::string& name) {
    if (name != queue_) return true;
    back_to_itself_ = true;
    return false;
  }

  Result<bool> leads_to_queue(const std::string& exchange, std::string_view type,
                              std::vector<std::string>& next) {
    for (const auto& [name, queue] : topology_.queues)
      for (const auto& binding : queue.bindings)
        if (binding.exchange == exchange && takes(type, binding.key) && reaches(name)) return true;
    const auto& vhost = management_.settings().amqp.vhost;
    const ApiCall call{.path = path_of({"exchanges", vhost, exchange, "bindings", "source"}),
                       .doing = "reading the bindings of the exchange " + shown(exchange),
                       .shape = Shape::list};
    CDCTL_TRY_ASSIGN(const auto bindings, management_.get_if_there(call, deadline_));
    if (!bindings) return false;  // it is the file's, and not made yet
    for (const auto& row : bindings->items()) {
      if (!takes(type, row["routing_key"].view())) continue;
      if (row["destination_type"].view() == "exchange")
        next.push_back(row["destination"].as_string());
      else if (reaches(row["destination"].as_string()))
        return true;
    }
    return false;
  }

  Management& management_;
  const Topology& topology_;
  const std::string& queue_;
  const DeadLetterTarget& target_;
  const Deadline& deadline_;
  bool back_to_itself_ = false;
};

}  // namespace

bool topic_matches(std::string_view pattern, std::string_view key) {
  return words_match(split(pattern, '.'), split(key, '.'));
}

std::optional<DeadLetterTarget> dead_letter_target(const Queue& queue, const Policies& policies) {
  const auto say = [&](const char* argument, const char* key) -> const Json& {
    const auto& own = queue.arguments[argument];
    return own.is_string() ? own : policies[key];
  };
  const auto& exchange = say("x-dead-letter-exchange", "dead-letter-exchange");
  if (!exchange.is_string()) return {};
  DeadLetterTarget out{exchange.as_string(), {}};
  const auto& key = say("x-dead-letter-routing-key", "dead-letter-routing-key");
  if (key.is_string()) out.key = key.as_string();
  return out;
}

Result<std::string> why_lost(Management& management, const Topology& topology,
                             const std::string& queue, const DeadLetterTarget& target,
                             const Deadline& deadline) {
  return Search(management, topology, queue, target, deadline).run();
}

}  // namespace cdctl::rabbit
