#pragma once

#include <span>
#include <string>
#include <vector>

#include <cdctl/roles/sink.hpp>

#include "core/app/context.hpp"
#include "core/notify/outbox.hpp"

namespace cdctl::notify {

/// Somebody whom a sink sends to, by the name that people know: `pagerduty`, `webhook:chat`.
struct Receiver {
  std::string name, sink, part;  ///< part: the receiver's own name in its sink; may be empty
  Sink* role = nullptr;

  [[nodiscard]] Result<PassAnswer> pass(std::span<const Json> records,
                                        const Deadline& deadline) const {
    return role->pass(part, records, deadline);
  }
};

/// Something that is wrong with tables of receivers, or with `[[notify.routes]]`.
struct ReceiverProblem {
  std::string key;  ///< `webhook.receivers.chat.format`, as TomlFile knows places
  std::string what;
  bool doubt = false;  ///< a name that may come yet: nobody misses anything by it so far
};

/// Those that are meant, each once. What is wrong with one silences no other.
struct FoundReceivers {
  std::vector<Receiver> usable;
  std::vector<Receiver> broken;  ///< of a table that cannot be used: what is for them is kept
  std::vector<ReceiverProblem> problems;  ///< of those
};
/// The receivers that are meant: a sink's name means all of its own; without names, all that the
/// configuration has. Exit code `config` for one that it does not have, and when there is none.
[[nodiscard]] Result<FoundReceivers> find_receivers(app::Context& context,
                                                    std::span<const std::string> names);
/// The same, where only those are of use that can be told: the others are reported. Exit code
/// `config` when none is left.
[[nodiscard]] Result<std::vector<Receiver>> usable_receivers(app::Context& context,
                                                             std::span<const std::string> names);

/// Whether the configuration has it, usable or not: of one that was removed there may still be what
/// waited for it.
[[nodiscard]] bool is_receiver(app::Context& context, const std::string& name);

/// Makes what an earlier cdctl, which had one outbox for all configurations of the home, has left
/// for this receiver the outbox of this configuration, where it has none.
/// False while an earlier cdctl sends from there: it is used as it is.
bool take_over_outbox(const app::Context& context, const std::string& receiver);
/// The same, opened.
[[nodiscard]] Result<Outbox> open_outbox(app::Context& context, const std::string& receiver);

/// Everything that is wrong with the tables of receivers (with names: of those) and with
/// `[[notify.routes]]`, without asking anybody.
[[nodiscard]] std::vector<ReceiverProblem> receiver_problems(
    app::Context& context, std::span<const std::string> names = {});
/// As an error of the configuration, which names its file.
[[nodiscard]] Error error_of(const app::Context& context, const ReceiverProblem& problem);

}  // namespace cdctl::notify
