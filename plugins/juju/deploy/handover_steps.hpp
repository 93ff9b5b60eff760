#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/juju/deploy/handover.hpp"
#include "plugins/juju/deploy/handover_amqp.hpp"

// What both kinds of isolation need to hand a bundle over.

namespace cdctl::juju {

constexpr std::string_view k_bundle_file = "bundle.yaml";

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
  /// Runs a command that may be run again: after a lost connection it is. What exists already is no
  /// error. A deploy may take all the time that is left. `existed` becomes true when it was there
  /// already.
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

/// Isolation by model, and by application.
[[nodiscard]] Result<> hand_over_bundle(const Handover& handover, const Deadline& deadline);
[[nodiscard]] Result<> hand_over_application(const Handover& handover, const Deadline& deadline);

/// Major and minor version of the client, `{3,6}`; zeros when it could not be read.
struct ClientVersion {
  int major = 0, minor = 0;
  auto operator<=>(const ClientVersion&) const = default;
};
[[nodiscard]] ClientVersion parse_client_version(std::string_view text);

}  // namespace cdctl::juju
