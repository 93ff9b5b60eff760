#pragma once

#include <string>
#include <vector>

#include <cdctl/delivery.hpp>
#include <cdctl/host.hpp>
#include <cdctl/notice.hpp>
#include <cdctl/roles/sink.hpp>

namespace cdctl::alertmanager {

/// Alerts by Alertmanager's API v2. It forgets what it was told when it is restarted, and ends what
/// nobody repeats: what burns is kept in the home and said again once a minute while somebody
/// follows.
class AlertmanagerSink final : public Sink {
 public:
  explicit AlertmanagerSink(Host& host) : host_(host) {}

 protected:
  Result<ReceiverList> do_receivers() override;
  bool do_wants(const std::string& receiver, const Json& record) override;
  Result<PassAnswer> do_pass(const std::string& receiver, std::span<const Json> records,
                             const Deadline& deadline) override;

 private:
  Host& host_;
};

/// The labels of a condition: the same when it begins and when it ends, or it would be two alerts.
[[nodiscard]] Json labels_of(const Notice& notice, const Json& further);

}  // namespace cdctl::alertmanager
