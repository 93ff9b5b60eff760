#pragma once

#include <map>
#include <memory>
#include <string>

#include <cdctl/roles.hpp>

#include "lock.hpp"
#include "management.hpp"
#include "registry.hpp"

namespace cdctl::rabbit {

/// What all machines agree on, as global parameters of the broker: `cdctl.set.NAME`, `cdctl.cut.NAME` and
/// `cdctl.force.NAME`. Whether a set is cut is read from its user's limit alone; one that is let in on trial counts as cut.
class RabbitMemory final : public Memory {
 public:
  /// `many`: users, from which on one service is looked up by its names.
  explicit RabbitMemory(Host& host, std::size_t many = Registry::k_many) : host_(host), management_(host), registry_(management_, many) {}

  Result<std::map<std::string, MemoryEntry>> read(std::optional<std::string_view> service, const Deadline& deadline) override;
  Result<> put_set(const SetMemo& memo, const Deadline& deadline) override;
  Result<> put_cut(const SetName& set, const CutMemo& memo, const Deadline& deadline) override;
  Result<> put_force(std::string_view name, const std::optional<Force>& force, const Deadline& deadline) override;
  Result<> trim(std::string_view service, std::size_t keep, const Deadline& deadline) override;
  void prefetch_lock(std::string_view service) override;
  Result<std::unique_ptr<ServiceLock>> lock(std::string_view service, const Deadline& deadline) override;

 private:
  Result<> put(const std::string& name, Json value, const Deadline& deadline);
  Result<> forget(const std::string& name, const Deadline& deadline);
  void take_parameter(const Json& row, std::optional<std::string_view> service, std::map<std::string, MemoryEntry>& entries);
  void take_force(const Json& row, std::optional<std::string_view> service, std::map<std::string, Force>& forces);
  Result<std::unique_ptr<LockHolder>> start_lock(std::string_view service, const Deadline& deadline);

  Host& host_;
  Management management_;
  Registry registry_;
  std::map<std::string, std::unique_ptr<LockHolder>, std::less<>> prefetched_;
};

}  // namespace cdctl::rabbit
