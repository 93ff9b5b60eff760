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

/// Where records go that somebody else shall see: a chat, a pager, a search index, a file.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Whom the configuration names: a sink that has several receivers gives a name to each. One
  /// without a name is the sink itself. Exit code `config` when its keys cannot be used.
  [[nodiscard]] Result<std::vector<std::string>> receivers() {
    return guarded([&] { return do_receivers(); });
  }
  /// Passes records on, as they came; returns once the receiver has them for good. They may come
  /// twice: whoever can, tells a record by its identity. What is not for this sink it leaves out,
  /// and counts as done. An error is of the whole batch: none of it counts as taken.
  [[nodiscard]] Result<PassAnswer> pass(const std::string& receiver, std::span<const Json> records,
                                        const Deadline& deadline) {
    return guarded([&] { return do_pass(receiver, records, deadline); });
  }

 protected:
  [[nodiscard]] virtual Result<std::vector<std::string>> do_receivers() {
    return std::vector<std::string>{""};
  }
  [[nodiscard]] virtual Result<PassAnswer> do_pass(const std::string& receiver,
                                                   std::span<const Json> records,
                                                   const Deadline& deadline) = 0;
};

}  // namespace cdctl
