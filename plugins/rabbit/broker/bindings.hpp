#pragma once

#include <string>
#include <vector>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// A binding by which messages of another exchange come among the signals. cdctl makes none.
struct ForeignBinding {
  std::string source;       ///< an exchange
  std::string destination;  ///< the exchange of the signals, or the stream that keeps them
  bool to_queue = false;
  std::string key;
  std::string properties;  ///< what the management API calls it by

  /// `the exchange mix is bound to cdctl.signals (#)`
  [[nodiscard]] std::string text() const;
};

[[nodiscard]] Result<std::vector<ForeignBinding>> foreign_bindings(Management& management,
                                                                   const Deadline& deadline);
/// Removes them, with a word of each. Nobody has to know who made them: no binding of that kind is
/// of use, for a reader hears nothing that came through one.
[[nodiscard]] Result<> remove_foreign_bindings(Management& management, const Deadline& deadline);

}  // namespace cdctl::rabbit
