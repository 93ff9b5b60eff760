#include "plugins/rabbit/probe/poison.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/stats.hpp"
#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/switch/check.hpp"

namespace cdctl::rabbit {

namespace {

constexpr std::int64_t k_often = 3;          ///< so often a message has come back that is told of
constexpr std::int64_t k_longest = 1 << 20;  ///< of a body that is read for its digest
constexpr std::size_t k_most_queues = 4, k_most_told = 5, k_most_known = 50, k_digits = 12,
                      k_most_suspects = 3;

ApiCall peek_call(const std::string& vhost, const std::string& queue) {
  return {.method = "POST",
          .path = path_of({"queues", vhost, queue, "get"}),
          .body = Json::object({{"count", k_most_peeked},
                                {"ackmode", "ack_requeue_true"},
                                {"encoding", "base64"},
                                {"truncate", k_longest}}),
          .doing = "looking into the queue " + printable(queue, 80),
          .shape = Shape::list};
}

/// The queues that may be looked into: none that counts looks against its messages.
Result<std::vector<std::string>> queues_to_see(Management& management, const ServiceConfig& service,
                                               const Suspicion& suspicion,
                                               const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto topology, read_topology(service));
  CDCTL_TRY_ASSIGN(const auto limits, read_delivery_limits(management, service, deadline));
  const auto dead = dead_letter_queues(service);
  std::vector<std::string> out;
  for (const auto& [name, queue] : topology.queues) {
    const bool may_count = limits.most.contains(name) || limits.unknown.contains(name);
    if (may_count || queue.type == "stream") continue;
    const bool takes_dead = dead.contains(name);
    // A classic queue does not count, so that what waits there says nothing.
    const bool counted = queue.type == "quorum";
    if (takes_dead ? suspicion.more_dead : suspicion.crashing && counted) out.push_back(name);
  }
  if (out.size() > k_most_queues) out.resize(k_most_queues);
  return out;
}

std::string words_of(const Peeked& message, const std::string& queue, std::int64_t deliveries) {
  const auto& shown = message.shown;
  auto text = message.given_up ? fmt::format("the queue {} has given a message up, and {} has it",
                                             printable(message.from, 80), printable(queue, 80))
                               : fmt::format("a message of the queue {} has come back {} times",
                                             printable(queue, 80), deliveries);
  text += fmt::format(": sha256 {}…, {} bytes", message.digest, shown["bytes"].as_int());
  for (const auto& [name, value] : shown["properties"].members())
    if (value.is_string()) text += fmt::format(", {} {}", name, value.view());
  return text + "; docs/recipes.md says how it is moved aside";
}

}  // namespace

std::optional<Peeked> read_peeked(const Json& row) {
  const auto body = from_base64(row["payload"].view());
  if (!body || row["payload_encoding"].view() != "base64") return {};
  Peeked out;
  out.digest = sha256_hex(*body).substr(0, k_digits);
  const auto& headers = row["properties"]["headers"];
  const auto count = [&](const char* name) {
    return std::clamp<std::int64_t>(headers[name].as_int(), 0, k_highest_count);
  };
  // RabbitMQ 4.0 to 4.2 count each return by the other name, too.
  out.deliveries = std::max(count("x-delivery-count"), count("x-acquired-count"));
  const auto deaths = headers["x-death"].items();
  for (const auto& death : deaths) {
    if (death["reason"].view() != "delivery_limit") continue;
    out.given_up = true;
    out.from = death["queue"].as_string();
    break;
  }
  Json properties = Json::object();
  for (const auto* name : {"type", "message_id", "correlation_id", "content_type", "app_id"})
    if (const auto text = row["properties"][name].view(); !text.empty())
      properties.set(name, printable(text, 80));
  Json names = Json::array();
  for (const auto& [name, value] : headers.members())
    if (!name.starts_with("x-") && names.items().size() < 20) names.push_back(printable(name, 80));
  const auto bytes = row["payload_bytes"].as_int();
  out.shown = Json::object({{"sha256", out.digest},
                            {"bytes", bytes},
                            {"redelivered", row["redelivered"].as_bool()},
                            {"properties", std::move(properties)},
                            {"headers", std::move(names)}});
  if (bytes > k_longest) out.shown.set("sha256_of", fmt::format("its first {} bytes", k_longest));
  return out;
}

namespace {

/// What earlier looks know of one service's messages, by digest.
class Known {
 public:
  Known(Json& all, std::string service)
      : all_(all), service_(std::move(service)), ours_(all[service_]) {
    if (!ours_.is_object()) ours_ = Json::object();
  }
  /// How often it came back by others than us; and notes this look, which makes it once more.
  std::int64_t seen(const Peeked& message, bool counted, Time at) {
    const auto& before = ours_[message.digest];
    const auto looks = std::clamp<std::int64_t>(before["looks"].as_int(), 0, k_highest_count);
    set(message.digest, looks + (counted ? 1 : 0), before["told"].as_int(-1), at);
    return std::max<std::int64_t>(message.deliveries - looks, 0);
  }
  /// Whether it is to be told: nobody has been, or it came back since.
  bool tell(const std::string& digest, std::int64_t deliveries, Time at) {
    const auto before = ours_[digest]["told"].as_int(-1);
    if (before >= deliveries) return false;
    set(digest, ours_[digest]["looks"].as_int(), deliveries, at);
    return true;
  }
  void keep() {
    while (ours_.members().size() > k_most_known) {
      std::string oldest;
      std::int64_t at = k_highest_count;
      for (const auto& [digest, entry] : ours_.members())
        if (entry["at"].as_int() <= at) oldest = digest, at = entry["at"].as_int();
      if (oldest.empty()) break;
      ours_.erase(oldest);
    }
    all_.set(service_, std::move(ours_));
  }

 private:
  void set(const std::string& digest, std::int64_t looks, std::int64_t told, Time at) {
    ours_.set(
        digest,
        Json::object({{"looks", looks}, {"told", told}, {"at", at.time_since_epoch().count()}}));
  }

  Json& all_;
  std::string service_;
  Json ours_;
};

Json signal_of(const Peeked& message, const std::string& queue, std::int64_t returns,
               const SetName& set) {
  auto shown = message.shown;
  shown.set("queue", message.given_up ? message.from : queue).set("in", queue);
  if (!message.given_up) shown.set("returns", returns);
  return Json::object({{"set", set.str()},
                       {"source", "/probe/rabbit"},
                       {"severity", "warning"},
                       {"signal", "service/poison"},
                       {"message", words_of(message, queue, returns)},
                       {"rabbit", Json::object({{"poison", std::move(shown)}})}});
}

}  // namespace

Result<std::vector<Json>> find_poison(Management& management, const ServiceConfig& service,
                                      const SetName& set, const Suspicion& suspicion, Json& known,
                                      Time at, const Deadline& deadline) {
  std::vector<Json> out;
  if (!suspicion.crashing && !suspicion.more_dead) return out;
  CDCTL_TRY_ASSIGN(const auto queues, queues_to_see(management, service, suspicion, deadline));
  const auto dead = dead_letter_queues(service);
  Known before(known, service.name);
  for (const auto& queue : queues) {
    const auto call = peek_call(management.settings().amqp.vhost, queue);
    CDCTL_TRY_ASSIGN(const auto rows, management.get_if_there(call, deadline));
    if (!rows) continue;
    const bool takes_dead = dead.contains(queue);
    std::vector<std::pair<Peeked, std::int64_t>> found;
    for (const auto& row : rows->items()) {
      auto message = read_peeked(row);
      if (!message) continue;
      const auto returns = before.seen(*message, !takes_dead, at);
      if (message->given_up || (!takes_dead && returns >= k_often))
        found.emplace_back(std::move(*message), returns);
    }
    // So many come back by a revision that crashes on whatever it gets: no message's fault.
    if (!takes_dead && found.size() > k_most_suspects) continue;
    for (const auto& [message, returns] : found)
      if (out.size() < k_most_told && before.tell(message.digest, returns, at))
        out.push_back(signal_of(message, queue, returns, set));
  }
  before.keep();
  return out;
}

}  // namespace cdctl::rabbit
