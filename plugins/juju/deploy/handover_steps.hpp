#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/juju/deploy/handover.hpp"

// What both kinds of isolation need to hand a bundle over.

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
  /// The text without them; juju repeats values in its errors, and can cut them short.
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

constexpr std::string_view k_bundle_file = "bundle.yaml";

/// The steps of one handover.
class HandoverSteps {
 public:
  HandoverSteps(const Handover& handover, const Deadline& deadline)
      : handover_(handover), deadline_(deadline), veil_(handover) {}

  [[nodiscard]] std::string address() const;
  /// The status of the model, as JSON.
  [[nodiscard]] Result<Json> status() const;
  /// The status once none of `names` is on its way out any more. Exit code `timeout` at the
  /// deadline.
  [[nodiscard]] Result<Json> status_without_dying(const std::set<std::string>& names) const;
  /// Runs a command that may be run again: after a lost connection it is. What exists already is
  /// not an error. A deploy may take all the time that is left. `existed` becomes true when it was
  /// there already.
  [[nodiscard]] Result<> act(std::vector<std::string> words, const std::string& attempt,
                             bool* existed = nullptr) const;
  /// A file in the private folder.
  [[nodiscard]] Result<std::string> file(std::string_view name, std::string_view text) const;
  /// Sets options of an application, from a file.
  [[nodiscard]] Result<> set_options(const std::string& application, const Json& options,
                                     const std::string& attempt) const;
  /// AMQP_URL as an option or as a secret of `application`, once that is there.
  [[nodiscard]] Result<> give_amqp(const AmqpTarget& target) const;
  [[nodiscard]] const Veil& veil() const { return veil_; }

 private:
  [[nodiscard]] Result<> give_secret(const AmqpTarget& target) const;
  [[nodiscard]] Result<std::string> secret_id(const std::string& name) const;

  const Handover& handover_;
  const Deadline& deadline_;
  Veil veil_;
};

}  // namespace cdctl::juju
