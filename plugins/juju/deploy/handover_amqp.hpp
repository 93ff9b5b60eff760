#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/juju/deploy/handover.hpp"

namespace cdctl::juju {

/// Where AMQP_URL goes.
struct AmqpTarget {
  std::string application, option, url;
};
/// Nothing when there is no AMQP_URL. `others`: the applications that the model has besides those
/// of the bundle. Exit code `config` when no option takes it, or it is not clear whose.
[[nodiscard]] Result<std::optional<AmqpTarget>> amqp_target(const Handover& handover,
                                                            const std::vector<std::string>& others);

/// What must not be shown: AMQP_URL, and every option of the bundle that could be a secret.
class Veil {
 public:
  explicit Veil(const Handover& handover);
  /// The text without them; juju repeats values in its errors, and they may be cut short.
  [[nodiscard]] std::string over(std::string text) const;
  [[nodiscard]] Error over(Error error) const;

 private:
  std::vector<std::string> secrets_;
};

/// `{"APPLICATION":{"OPTION":VALUE}}`, as `--config FILE` and `config --file FILE` read it: only in
/// a file a value that begins with @ stays one.
[[nodiscard]] std::string option_file(const std::string& application, const Json& options);

/// `@FILE` and `include-…://FILE` would have juju read a file of this machine. Exit code `config`,
/// naming the application.
[[nodiscard]] Result<> refuse_includes(const Json& bundle);

}  // namespace cdctl::juju
