#pragma once

#include <span>

#include <cdctl/guarded.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// Where records go that somebody else shall see: a chat, a pager, a search index, a file.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Passes records on, as they came; returns once the receiver has them for good. They may come
  /// twice: whoever can, tells a record by its identity. What is not for this sink it leaves out,
  /// and counts as done.
  [[nodiscard]] Result<> pass(std::span<const Json> records, const Deadline& deadline) {
    return guarded([&] { return do_pass(records, deadline); });
  }

 protected:
  [[nodiscard]] virtual Result<> do_pass(std::span<const Json> records,
                                         const Deadline& deadline) = 0;
};

}  // namespace cdctl
