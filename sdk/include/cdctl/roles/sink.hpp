#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <cdctl/guarded.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// What a receiver made of a batch.
struct PassAnswer {
  struct Refused {
    std::size_t index;  ///< in the batch
    std::string why;    ///< the field, or the receiver's words
  };
  std::vector<Refused> refused;    ///< would never be taken, however often they are sent
  std::vector<std::size_t> again;  ///< not taken this time, ascending; all others are done
  std::string why;                 ///< of `again`
  Millis wait{0};                  ///< before anything is sent again, where the receiver says so
};

/// Whom the configuration names, and what is wrong with what it says of others.
struct ReceiverList {
  struct Problem {
    std::string receiver;  ///< it is told nothing until that is mended
    std::string key;       ///< the place in the configuration: `webhook.receivers.chat.format`
    std::string what;      ///< with the table: `[webhook.receivers.chat]: 'format' must be …`
  };
  std::vector<std::string> names;
  std::vector<Problem> problems;
};

/// Where records go that somebody else shall see: a chat, a pager, a search index, a file.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Whom the configuration names: a sink that has several receivers gives a name to each. One
  /// without a name is the sink itself. A table that cannot be used is a problem of its own
  /// receiver and of no other.
  [[nodiscard]] Result<ReceiverList> receivers() {
    return guarded([&] { return do_receivers(); });
  }
  /// Whether a record is for this receiver where nobody says what it shall get. Asked of each
  /// record before it is kept for sending.
  [[nodiscard]] bool wants(const std::string& receiver, const Json& record) {
    return guarded_or(true, [&] { return do_wants(receiver, record); });
  }
  /// Passes records on, as they came; returns once the receiver has them for good. They may come
  /// twice: whoever can, tells a record by its identity. What is not for this sink it leaves out,
  /// and counts as done. An error is of the whole batch: none of it counts as taken. An empty batch
  /// comes once a minute while somebody follows: the moment to repeat what a receiver forgets.
  [[nodiscard]] Result<PassAnswer> pass(const std::string& receiver, std::span<const Json> records,
                                        const Deadline& deadline) {
    return guarded([&] { return do_pass(receiver, records, deadline); });
  }

 protected:
  [[nodiscard]] virtual Result<ReceiverList> do_receivers() {
    return ReceiverList{.names = {""}, .problems = {}};
  }
  [[nodiscard]] virtual bool do_wants(const std::string& receiver, const Json& record) {
    (void)receiver, (void)record;
    return true;
  }
  [[nodiscard]] virtual Result<PassAnswer> do_pass(const std::string& receiver,
                                                   std::span<const Json> records,
                                                   const Deadline& deadline) = 0;
};

}  // namespace cdctl
