#pragma once

#include <string>
#include <vector>

#include <cdctl/delivery.hpp>
#include <cdctl/host.hpp>
#include <cdctl/roles/sink.hpp>

namespace cdctl::webhook {

/// Posts to an address: a chat, a receiver of events, a program of one's own.
class WebhookSink final : public Sink {
 public:
  explicit WebhookSink(Host& host) : host_(host) {}

 protected:
  Result<ReceiverList> do_receivers() override;
  bool do_wants(const std::string& receiver, const Json& record) override;
  Result<PassAnswer> do_pass(const std::string& receiver, std::span<const Json> records,
                             const Deadline& deadline) override;

 private:
  Host& host_;
};

}  // namespace cdctl::webhook
