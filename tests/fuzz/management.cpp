#include <cstdlib>

#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/stats.hpp"
#include "plugins/rabbit/probe/judge.hpp"
#include "plugins/rabbit/probe/probe.hpp"
#include "plugins/rabbit/store/memory.hpp"
#include "plugins/rabbit/switch/check.hpp"
#include "plugins/rabbit/switch/switch.hpp"
#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/host.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::fuzz::must;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};
const Deadline k_deadline = Deadline(Millis(3'600'000));

/// A service with a queue for dead letters, on a broker whose password is the secret.
struct Stand {
  fuzz::Answers answers;
  fuzz::FuzzHost host;

  Stand() {
    ::setenv("CDCTL_FUZZ_PASSWORD", "open-sesame", 1);
    host.client = &answers;
    host.secret = "open-sesame";
    auto& config = host.config_value;
    config.file = "/nowhere/cdctl.toml";
    config.trusted = true;
    config.table = *Json::parse(
        R"({"rabbit":{"management":"http://127.0.0.1:15672","amqp":"amqp://127.0.0.1:5672","user":"cdctl","password_env":"CDCTL_FUZZ_PASSWORD"}})");
    ServiceConfig service;
    service.name = k_set.service;
    service.file = "/nowhere/services.d/thumbs.toml";
    service.table = *Json::parse(
        R"({"rabbit":{"queues":{"thumbs":{"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"dead"}},"dead":{}},"exchanges":{"done":{"type":"fanout"}}}})");
    config.services.push_back(std::move(service));
  }
  [[nodiscard]] const ServiceConfig& service() const { return host.config_value.services[0]; }
  void check(const Error& error) const { host.check(error.what); }
};

template <class Value>
void told(const Stand& stand, const Result<Value>& result) {
  if (!result) stand.check(result.error());
}

void memory(Stand& stand) {
  RabbitMemory memory(stand.host);
  const auto read = memory.do_read({}, k_deadline);
  if (!read) return stand.check(read.error());
  for (const auto& [name, entry] : *read) {
    must(parse_set_name(name).has_value(), "an entry is a set's");
    must(!entry.set || entry.set->name.str() == name, "and speaks of that set");
    must(!entry.provisioned || entry.cut.has_value(), "who has a user is cut or not");
    if (entry.set) must(Json::parse(to_json(*entry.set).dump()).has_value(), "a memo is JSON");
    if (entry.cut_memo)
      must(Json::parse(to_json(*entry.cut_memo).dump()).has_value(), "so is a cut's");
  }
  const auto holds = memory.do_holds(k_deadline);
  told(stand, holds);
  told(stand, memory.do_force_of(k_set, k_deadline));
}

void check_signals(const std::vector<Json>& signals) {
  for (const auto& signal : signals) {
    const auto whole = normal_signal(signal);
    must(whole.has_value(), "what a probe says is a signal");
    const auto& counts = (*whole)["counts"];
    must(counts.is_null() || (counts["ok"].as_int() >= 0 && counts["failed"].as_int() >= 0),
         "no count is below nothing");
  }
}

/// The statistics, looked at twice: the second time on what the first has left, or on what else
/// comes as such.
void probe(Stand& stand, std::string_view text) {
  auto kept = Json::parse(take_until(text, '\n')).value_or(Json());
  stand.answers.begin(text);
  RabbitProbe probe(stand.host);
  const ProbeTarget target{stand.service(), k_set, "web1:/srv", 2, false};
  for (int look = 0; look < 2; ++look) {
    const auto signals = probe.do_observe(std::span(&target, 1), kept, k_deadline);
    told(stand, signals);
    if (signals) check_signals(*signals);
    stand.answers.begin(text);
  }
  const auto again = memory_to_json(memory_from_json(kept), Time());
  must(memory_to_json(memory_from_json(again), Time()).dump() == again.dump(),
       "what a probe keeps reads as it was");
}

void limits(Stand& stand) {
  const auto settings = read_settings(stand.host.config());
  must(settings.has_value(), "the configuration of the harness can be used");
  Management management(stand.host, *settings);
  const auto limit = read_limit(management, k_set.str(), k_deadline);
  told(stand, limit);
  if (limit && *limit) must(!(*limit)->most || *(*limit)->most >= 0, "a limit is one");
  const auto names = open_connections(management, k_set.str(), Owner::there, k_deadline);
  told(stand, names);
  if (names)
    for (const auto& [name, node] : *names) must(!name.empty(), "a connection has a name");
  told(stand, set_limit(management, k_set.str(), 0, k_deadline));
  told(stand, clear_limit(management, k_set.str(), k_deadline));
}

void topology(Stand& stand) {
  RabbitSwitch made(stand.host);
  told(stand, made.do_check(stand.service(), k_deadline));
  const auto limits = made.do_delivery_limits(stand.service(), k_deadline);
  told(stand, limits);
  if (limits)
    for (const auto& [queue, limit] : *limits) must(limit >= 0, "a limit of returns is one");
  const auto since = made.do_up_since(k_set, k_deadline);
  told(stand, since);
  if (since && *since) must(parse_rfc3339(to_rfc3339(**since)).has_value(), "a time is one");
  const auto counts = made.do_connections(std::span(&k_set, 1), k_deadline);
  told(stand, counts);
}

}  // namespace

/// What the management API answers, an answer behind each line of %%. The first byte says to whom.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Stand stand;
  const auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  stand.answers.begin(text);
  switch (data[0]) {
    case 'm':
      memory(stand);
      break;
    case 'p':
      probe(stand, text);
      break;
    case 'l':
      limits(stand);
      break;
    case 't':
      topology(stand);
      break;
    default:
      break;
  }
  return 0;
}
