#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

/// The memory of a home without a broker: one small file a set, a cut, a forced state and a freeze
/// (0600), written whole or not at all. Readers share a lock that writers have alone, so that one
/// look is consistent.
class LocalMemory final : public Memory {
 public:
  explicit LocalMemory(Host& host) : home_(host.home()) {}
  [[nodiscard]] Result<std::map<std::string, MemoryEntry>> do_read(
      std::optional<std::string_view> service, const Deadline& deadline) override;
  [[nodiscard]] Result<> do_put_set(const SetMemo& memo, const Deadline& deadline) override;
  [[nodiscard]] Result<> do_put_cut(const SetName& set, const CutMemo& memo,
                                    const Deadline& deadline) override;
  [[nodiscard]] Result<> do_put_force(std::string_view name, const std::optional<Force>& force,
                                      const Deadline& deadline) override;
  [[nodiscard]] Result<std::optional<Force>> do_force_of(const SetName& set,
                                                         const Deadline& deadline) override;
  [[nodiscard]] Result<> do_put_hold(std::string_view name, const std::optional<Hold>& hold,
                                     const Deadline& deadline) override;
  [[nodiscard]] Result<std::map<std::string, Hold>> do_holds(const Deadline& deadline) override;
  [[nodiscard]] Result<> do_trim(std::string_view service, std::size_t keep,
                                 const Deadline& deadline) override;
  [[nodiscard]] Result<std::unique_ptr<ServiceLock>> do_lock(std::string_view service,
                                                             const Deadline& deadline) override;
  [[nodiscard]] Result<std::unique_ptr<ServiceLock>> do_lock_release(
      std::string_view service, const Deadline& deadline) override;

 private:
  [[nodiscard]] Result<std::unique_ptr<ServiceLock>> take_lock(std::string_view service,
                                                               std::string_view what,
                                                               const Deadline& deadline) const;
  [[nodiscard]] Result<> write(const std::filesystem::path& folder,
                               const std::filesystem::path& file, const Json& memo,
                               const Deadline& deadline) const;
  /// Removes the file; absent is fine.
  [[nodiscard]] Result<> forget(const std::filesystem::path& file, const Deadline& deadline) const;
  HomePaths home_;
};

}  // namespace cdctl::local
