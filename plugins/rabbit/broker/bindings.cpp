#include "plugins/rabbit/broker/bindings.hpp"

#include <array>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::rabbit {

std::string ForeignBinding::text() const {
  return fmt::format("the exchange {} is bound to {}{}", printable(source, 80), destination,
                     key.empty() ? "" : fmt::format(" ({})", printable(key, 80)));
}

Result<std::vector<ForeignBinding>> foreign_bindings(Management& management,
                                                     const Deadline& deadline) {
  const auto& vhost = management.settings().amqp.vhost;
  const std::array calls{
      ApiCall{.path = path_of({"exchanges", vhost, k_signals, "bindings", "destination"}),
              .doing = "reading what is bound to the exchange of the signals",
              .shape = Shape::list},
      ApiCall{.path = path_of({"queues", vhost, k_signals_log, "bindings"}),
              .doing = "reading what is bound to the stream of the signals",
              .shape = Shape::list}};
  const auto answers = management.send_all(calls, deadline);
  std::vector<ForeignBinding> out;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (answers[i]->not_there()) continue;  // no feed yet
    CDCTL_TRY_ASSIGN(const auto rows, management.parse(calls[i], *answers[i]));
    for (const auto& row : rows.items()) {
      const auto source = row["source"].as_string();
      const bool to_queue = i == 1;
      // Every queue is bound to the default exchange, whose name is empty.
      if (source.empty() || (to_queue && source == k_signals)) continue;
      out.push_back({source, to_queue ? k_signals_log : k_signals, to_queue,
                     row["routing_key"].as_string(), row["properties_key"].as_string()});
    }
  }
  return out;
}

Result<> remove_foreign_bindings(Management& management, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto bindings, foreign_bindings(management, deadline));
  for (const auto& binding : bindings) {
    const ApiCall call{
        .method = "DELETE",
        .path = path_of({"bindings", management.settings().amqp.vhost, "e", binding.source,
                         binding.to_queue ? "q" : "e", binding.destination, binding.properties}),
        .doing = "removing a binding: " + binding.text()};
    CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
    if (!answer.ok() && !answer.not_there()) return fail(management.explain(call, answer));
    management.host().log(
        Level::warning,
        fmt::format("{}: removed, for it lets others speak for a set", binding.text()));
  }
  return {};
}

}  // namespace cdctl::rabbit
