#include "plugins/rabbit/doctor_nodes.hpp"

#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"
#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

namespace {

constexpr Millis k_each{2000};

Check check_of(std::string what, const std::optional<Error>& error) {
  if (!error) return {std::move(what), Check::State::ok, "", ""};
  return {std::move(what), Check::State::unknown, error->what,
          "start the node, or take its address out of cdctl.toml"};
}

/// A proxy, or something else on that port, answers, too.
std::optional<Error> trouble_of(const Result<HttpResponse>& answer) {
  if (!answer) return answer.error();
  if (says_who(*answer)) return {};
  return Error{ExitCode::unknown,
               fmt::format("it answered {}: is it RabbitMQ's management API?", answer->status)};
}

std::vector<HttpRequest> requests_to(const BrokerSettings& settings, std::string_view path,
                                     const Deadline& deadline) {
  std::vector<HttpRequest> requests;
  for (const auto& base : settings.managements) {
    HttpRequest request;
    request.url = base + std::string(path);
    request.user = settings.user;
    request.password = settings.password;
    request.ca_file = settings.ca_file;
    request.deadline = deadline.at_most(k_each);
    request.max_bytes = 1 << 20;
    requests.push_back(std::move(request));
  }
  return requests;
}

/// Work goes on at whichever answers: nodes of two clusters would each know half of it. Nothing
/// where they are of one, as far as they tell.
std::optional<Check> cluster_check(Http& http, const BrokerSettings& settings,
                                   const Deadline& deadline) {
  const auto requests = requests_to(settings, "/api/cluster-name", deadline);
  const auto answers = http.send_all(requests, requests.size());
  std::set<std::string> names;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto said = answers[i] && answers[i]->status == 200 ? Json::parse(answers[i]->body)
                                                              : Result<Json>(Json());
    const auto name = said ? printable((*said)["name"].view(), 80) : "";
    if (name.empty()) continue;
    names.insert(name);
    texts.push_back(fmt::format("{} is of {}", settings.managements[i], name));
  }
  if (names.size() < 2) return {};
  return Check{"cluster", Check::State::bad,
               "the addresses in management are of several clusters: " + joined(texts),
               "name the nodes of one cluster; another broker has a table of its own "
               "([rabbit.brokers.NAME], docs/rabbitmq.md)"};
}

std::vector<Check> managements(Host& host, const BrokerSettings& settings,
                               const Deadline& deadline) {
  std::vector<Check> out;
  const auto http = host.http();
  if (!http) return out;
  const auto requests = requests_to(settings, "/api/whoami", deadline);
  const auto answers = (*http)->send_all(requests, requests.size());
  for (std::size_t i = 0; i < answers.size(); ++i)
    out.push_back(check_of("node " + settings.managements[i], trouble_of(answers[i])));
  if (auto check = cluster_check(**http, settings, deadline)) out.push_back(std::move(*check));
  return out;
}

}  // namespace

std::vector<Check> node_checks(Host& host, const BrokerSettings& settings,
                               const Deadline& deadline) {
  std::vector<Check> out;
  if (settings.managements.size() > 1) out = managements(host, settings, deadline);
  if (settings.amqp.also.empty()) return out;
  const auto driver = amqp_driver();
  if (!driver) return out;
  std::vector<AmqpNode> nodes{{settings.amqp.host, settings.amqp.port, settings.amqp.tls}};
  nodes.insert(nodes.end(), settings.amqp.also.begin(), settings.amqp.also.end());
  for (const auto& node : nodes) {
    auto address = settings.amqp;
    address.also.clear();
    address.host = node.host, address.port = node.port, address.tls = node.tls;
    const auto link = (*driver)->connect(address, deadline.at_most(k_each));
    out.push_back(check_of("node " + node.shown(),
                           link ? std::optional<Error>() : std::optional(link.error())));
  }
  return out;
}

}  // namespace cdctl::rabbit
