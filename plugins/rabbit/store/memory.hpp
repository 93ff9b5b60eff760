#pragma once

#include <map>
#include <memory>
#include <string>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/rabbit/broker/brokers.hpp"
#include "plugins/rabbit/store/lock.hpp"

namespace cdctl::rabbit {

/// What all machines agree on, as global parameters of the service's broker: `cdctl.set.NAME`,
/// `cdctl.cut.NAME`, `cdctl.force.NAME` and `cdctl.hold.SERVICE`. A set's stay on the broker where
/// it was made. Whether a set is cut is read from its user's limit alone; one that is let in on
/// trial counts as cut. The broker keeps times by its own clock: they are translated to ours and
/// back, so that on a machine with a wrong clock they fit what else it sees, and no other machine
/// is led astray by what is noted on it.
class RabbitMemory final : public Memory {
 public:
  /// `many`: users, from which on one service is looked up by its names.
  explicit RabbitMemory(Host& host, std::size_t many = Registry::k_many)
      : host_(host), brokers_(host, many) {}

  Result<std::map<std::string, MemoryEntry>> do_read(std::optional<std::string_view> service,
                                                     const Deadline& deadline) override;
  Result<> do_put_set(const SetMemo& memo, const Deadline& deadline) override;
  Result<> do_put_cut(const SetName& set, const CutMemo& memo, const Deadline& deadline) override;
  /// With one broker two parameters are asked for by name: a breaker asks at each verdict, and ten
  /// thousand sets are many to list.
  Result<std::optional<Force>> do_force_of(const SetName& set, const Deadline& deadline) override;
  Result<MemoryEntry> do_notes_of(const SetName& set, const Deadline& deadline) override;
  Millis do_clock_ahead(std::string_view service) override;
  Result<> do_put_force(std::string_view name, const std::optional<Force>& force,
                        const Deadline& deadline) override;
  Result<> do_put_hold(std::string_view name, const std::optional<Hold>& hold,
                       const Deadline& deadline) override;
  /// As of the last read(), so that one look tells both, and no broker is asked that a service does
  /// not need. Before any read() all are asked; those that do not answer are left out where there
  /// are several.
  Result<std::map<std::string, Hold>> do_holds(const Deadline& deadline) override;
  Result<> do_trim(std::string_view service, std::size_t keep, const Deadline& deadline) override;
  void do_prefetch_lock(std::string_view service) override;
  Result<std::unique_ptr<ServiceLock>> do_lock(std::string_view service,
                                               const Deadline& deadline) override;
  Result<std::unique_ptr<ServiceLock>> do_lock_release(std::string_view service,
                                                       const Deadline& deadline) override;

 private:
  /// What our clock is ahead of that broker's.
  [[nodiscard]] Millis ahead_of(const std::string& broker);
  using Entries = std::map<std::string, MemoryEntry>;
  /// What one broker says, of all services or one.
  struct Page {
    Entries entries;
    std::map<std::string, Force> forces;  ///< by set or service
  };

  Result<> put(const std::string& broker, const std::string& name, Json value,
               const Deadline& deadline);
  Result<> forget(const std::string& broker, const std::string& name, const Deadline& deadline);
  Result<> forget_elsewhere(std::string_view service, const std::string& home,
                            const std::string& parameter, const Deadline& deadline);
  Page page_of(const std::string& broker, const BrokerState& look,
               std::optional<std::string_view> service);
  Entries merge(const std::map<std::string, BrokerState>& looks,
                std::optional<std::string_view> service);
  void take_parameter(const Json& row, std::optional<std::string_view> service, Millis ahead,
                      Page& page);
  /// What the only broker says under each of some names: a round trip.
  [[nodiscard]] Result<Page> take_named(const std::vector<std::string>& parameters,
                                        const std::string& service, const Deadline& deadline);
  /// Its own state, or else its service's.
  [[nodiscard]] static std::optional<Force> forced_by(const Page& page, const SetName& set);
  void take_hold(const Json& row, Millis ahead, std::map<std::string, Hold>& holds);
  void take_users(const Json& users, std::optional<std::string_view> service, Page& page);
  /// The broker of a set: where it was last read, else where its user is, else its service's.
  Result<std::string> broker_of(const SetName& set, const Deadline& deadline);
  /// `what` of the service is locked: it as a whole, or what is behind a dot.
  Result<std::unique_ptr<LockHolder>> start_lock(std::string_view service, const Deadline& deadline,
                                                 std::string_view what = {});

  Host& host_;
  Brokers brokers_;
  std::map<SetName, std::string> read_from_;
  std::map<std::string, std::map<std::string, Hold>>
      holds_;  ///< by broker, as of the last look at it
  std::map<std::string, std::unique_ptr<LockHolder>, std::less<>> prefetched_;
};

}  // namespace cdctl::rabbit
