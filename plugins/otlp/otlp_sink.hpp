#pragma once

#include <string>
#include <vector>

#include <cdctl/delivery.hpp>
#include <cdctl/host.hpp>
#include <cdctl/roles/sink.hpp>

namespace cdctl::otlp {

/// Passes every record on as a log record over OTLP/HTTP in JSON: to a collector of OpenTelemetry,
/// and whatever stands behind it.
class OtlpSink final : public Sink {
 public:
  explicit OtlpSink(Host& host) : host_(host) {}

 protected:
  Result<ReceiverList> do_receivers() override;
  bool do_wants(const std::string& receiver, const Json& record) override;
  Result<PassAnswer> do_pass(const std::string& receiver, std::span<const Json> records,
                             const Deadline& deadline) override;

 private:
  Host& host_;
};

/// What a 200 says of `count` records. Those that were rejected must not be sent again; which of
/// them it was is said only where it was all: else it is in `partial`, for people.
[[nodiscard]] PassAnswer read_answer(const std::string& body, std::size_t count,
                                     std::string& partial);

}  // namespace cdctl::otlp
