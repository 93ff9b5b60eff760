#pragma once

#include <string>
#include <vector>

#include <cdctl/delivery.hpp>
#include <cdctl/host.hpp>
#include <cdctl/notice.hpp>
#include <cdctl/roles/sink.hpp>

namespace cdctl::pagerduty {

/// Pages by PagerDuty's Events API v2: a condition triggers and resolves an incident, what was
/// deployed or landed is a change beside it.
class PagerDutySink final : public Sink {
 public:
  explicit PagerDutySink(Host& host) : host_(host) {}

 protected:
  Result<ReceiverList> do_receivers() override;
  bool do_wants(const std::string& receiver, const Json& record) override;
  Result<PassAnswer> do_pass(const std::string& receiver, std::span<const Json> records,
                             const Deadline& deadline) override;

 private:
  Host& host_;
};

/// The body of an event: a trigger, a resolve, or for a change that of a change event. Bounded as
/// the API wants it: a key of 255 characters, a summary of 1024, 512,000 bytes in all.
[[nodiscard]] Json event_of(const Notice& notice, const Json& record,
                            const std::string& routing_key);
/// Whether somebody shall be woken, or has been: conditions that a breaker or a probe has found,
/// and changes.
[[nodiscard]] bool pages(const Notice& notice);

}  // namespace cdctl::pagerduty
