#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "plugins/rabbit/feed/reader.hpp"

namespace cdctl::rabbit {

/// Opens the stream of signals in the management's virtual host, and makes it where it is absent.
[[nodiscard]] Result<std::unique_ptr<RabbitReader>> open_stream(Host& host, Management& management,
                                                                const FeedQuery& query,
                                                                const Deadline& deadline);

/// What a reader of several streams keeps: `streams: default=12 second=7 second/%2Fteam=3`, by
/// place; the values as a single stream's reader writes them (`stream:12`). That alone is the
/// position in the default broker's stream. Empty when it is neither.
[[nodiscard]] std::optional<std::map<std::string, std::string>> read_positions(
    std::string_view cursor);
[[nodiscard]] std::string write_positions(const std::map<std::string, std::string>& positions);

/// Reads the streams of several brokers and virtual hosts as one, in the order of arrival. One that
/// cannot be read does not stop the others: with follow it is told once and opened again and again,
/// ever more slowly; without, each of its services gets a `cdctl.error/1` record among the signals.
class MergedReader final : public FeedReader {
 public:
  MergedReader(Host& host, bool follow) : host_(host), follow_(follow) {}

  /// `management` may be the error of a broker whose table is wrong: its services are unknown then.
  [[nodiscard]] Result<> add(const BrokerPlace& place, Result<Management*> management);
  /// Fails when none can be opened.
  [[nodiscard]] Result<> begin(const FeedQuery& query, const Deadline& deadline);

  Result<std::vector<Json>> do_next(Millis wait) override;
  bool do_at_end() const override;
  std::string do_cursor() const override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Branch {
    std::string key;
    Result<Management*> management;
    std::vector<std::string> services;
    std::unique_ptr<RabbitReader> reader;
    FeedQuery query;           ///< how to open it again
    std::deque<Json> waiting;  ///< read and not yet given
    Clock::time_point retry_at{}, quiet_since = Clock::now();
    Millis pause{};
    bool told = false;

    [[nodiscard]] bool exhausted() const {
      return waiting.empty() && (!reader || reader->at_end());
    }
  };

  Result<> open(Branch& branch, const Deadline& deadline);
  void lose(Branch& branch, const Error& error);
  void pull(Branch& branch);
  void reopen_due();
  std::vector<Json> give();
  void wait(const Deadline& deadline) const;

  Host& host_;
  const bool follow_;
  std::deque<Branch> branches_;
  std::vector<Json> errors_;  ///< to be given with the next signals
};

}  // namespace cdctl::rabbit
