#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "plugins/rabbit/broker/registry.hpp"

namespace cdctl::rabbit {

/// The brokers of the configuration, and who lives where. A service's file chooses its broker; a
/// set stays on the broker where it was made, also when the file has chosen another one since. So
/// that nobody has to ask all brokers about each service, a broker remembers in
/// `cdctl.also.SERVICE` which others have sets of it.
class Brokers {
 public:
  explicit Brokers(Host& host, std::size_t many = Registry::k_many) : host_(host), many_(many) {}

  [[nodiscard]] Host& host() const { return host_; }
  /// The default one first.
  [[nodiscard]] const std::vector<std::string>& names();
  [[nodiscard]] bool several() { return names().size() > 1; }
  [[nodiscard]] Result<Management*> at(const BrokerPlace& place);
  /// The broker and virtual host that the service's file chooses.
  [[nodiscard]] Result<Management*> of(const ServiceConfig& service);
  /// Where the service lives. One that is not configured has no place of its own: the first broker
  /// then.
  [[nodiscard]] Result<BrokerPlace> home_of(std::string_view service);
  /// Where the set's user is, else where its service lives. Exit code `unknown` when that cannot be
  /// said.
  [[nodiscard]] Result<Management*> of_set(const SetName& set, const Deadline& deadline);
  /// The same for many; answers in the order asked.
  [[nodiscard]] Result<std::vector<Management*>> of_sets(std::span<const SetName> sets,
                                                         const Deadline& deadline);

  /// One of several that does not answer leaves half of the time to those who ask others after it.
  [[nodiscard]] Result<BrokerState> look(const std::string& broker,
                                         std::optional<std::string_view> service,
                                         const Deadline& deadline);
  /// All at once. One that does not answer leaves half of the time to those who ask again for
  /// single services; they are told at once what it did not answer a moment ago.
  [[nodiscard]] std::map<std::string, Result<BrokerState>> look_at(
      const std::vector<std::string>& brokers, const Deadline& deadline);
  /// The looks that are needed to know all sets of a service: its home's, and those of brokers
  /// where it lived before.
  [[nodiscard]] Result<std::map<std::string, BrokerState>> look_for(std::string_view service,
                                                                    const Deadline& deadline);
  /// Notes, before the first set of a service is made on its broker, where else it has sets. `home`
  /// is a look at that broker.
  [[nodiscard]] Result<> note_move(std::string_view service, const std::string& home,
                                   const Deadline& deadline);
  /// Forgets a broker whose last set of the service is reaped.
  [[nodiscard]] Result<> note_left(std::string_view service,
                                   const std::map<std::string, BrokerState>& looks,
                                   const Deadline& deadline);
  [[nodiscard]] Result<> write_also(std::string_view service, const std::string& broker,
                                    const std::set<std::string>& also, const Deadline& deadline);

 private:
  struct Failure {
    std::chrono::steady_clock::time_point at;
    Error error;
  };
  [[nodiscard]] std::optional<Error> failed_just_now(const std::string& broker) const;
  [[nodiscard]] static std::string search(const SetName& set, const std::string& home,
                                          const std::map<std::string, BrokerState>& looks);

  Host& host_;
  const std::size_t many_;
  std::vector<std::string> names_;
  std::map<std::string, BrokerPlace, std::less<>> homes_;  ///< of configured services
  std::map<std::string, BrokerSettings> settings_;
  std::map<BrokerPlace, std::unique_ptr<Management>> managements_;
  std::map<std::string, Registry> registries_;
  std::map<SetName, std::string> found_;  ///< where a user was seen: it stays there
  std::map<std::string, Failure> failures_;
};

}  // namespace cdctl::rabbit
