#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>

#include "core/app/context.hpp"
#include "core/fleet/set_view.hpp"

namespace cdctl::fleet {

/// What exists, asked once: each engine and each memory is asked one time for all services. Where a
/// memory is spread over several brokers and one of them does not answer, it is asked for each
/// service, so that only that broker's are unknown.
class Fleet {
 public:
  explicit Fleet(app::Context& context) : context_(context) {}

  /// Asks about these services; all configured ones when empty. Never fails as a whole: what could
  /// not be asked is in the views' `error`.
  void load(const std::vector<std::string>& services, const Deadline& deadline);
  /// What the memory alone knows of a service whose memory is a broker: enough to cut, since live
  /// units are counted there. Elsewhere the same as load(). `by_name`: a person has named it, so
  /// that a service that is not configured here is looked for in the memory, too.
  void load_for_cut(const std::string& service, bool by_name, const Deadline& deadline);
  /// What the memories alone know of these services.
  void load_memories(const std::vector<std::string>& services, const Deadline& deadline);
  /// The deploy freezes of the services that were loaded. Where they cannot be read the service
  /// counts as not asked.
  void load_holds(const Deadline& deadline);
  /// Whether somebody works on the services that were loaded: by their units, and where these are
  /// up by the work that waits for them.
  void load_outages(const Deadline& deadline);
  /// Whether the sets that were loaded may do on their brokers what deploy gave them, no less and
  /// no more.
  void load_rights(const Deadline& deadline);
  /// Whether the sets that were loaded, and are up, take messages from their brokers.
  void load_work(const Deadline& deadline);
  /// Asks the set's engine for its units where listing did not tell them. What cannot be asked is
  /// reported.
  void read_units(SetView& set, const Deadline& deadline);
  [[nodiscard]] std::vector<ServiceView>& services() { return views_; }
  [[nodiscard]] ServiceView* service(std::string_view name);

 private:
  void add_view(const ServiceConfig& config, const Deadline& deadline, bool ask_engine = true);
  void place(const ServiceConfig& config, std::map<std::string, SetView>& sets) const;
  void look_for_stuck(const std::string& broker, const std::vector<const ServiceConfig*>& services,
                      const Deadline& deadline);
  void look_at_work(const std::string& broker, const std::vector<SetView*>& sets,
                    const Deadline& deadline);
  void look_at_rights(const std::string& broker, const std::vector<Provisioned>& sets,
                      const Deadline& deadline);
  void adopt_strangers(const std::vector<std::string>& wanted, const Deadline& deadline);
  const Result<std::vector<SetStatus>>& engine_list(const std::string& name,
                                                    const Deadline& deadline);
  /// What the memory knows of all services, or of this one where it could not be asked about all.
  const Result<std::map<std::string, MemoryEntry>>& memory_of(const ServiceConfig& service,
                                                              const Deadline& deadline);

  app::Context& context_;
  std::optional<std::string> only_;
  bool named_strangers_ =
      true;  ///< a service that is named and not configured is looked for in the memory too
  std::map<std::string, Result<std::vector<SetStatus>>> engines_;
  std::map<std::string, Result<std::map<std::string, MemoryEntry>>> memories_;
  std::deque<ServiceConfig> strangers_;
  std::vector<ServiceView> views_;
};

/// A set as a switch is asked for its rights.
[[nodiscard]] Provisioned provisioned(const ServiceConfig& service, const SetName& set,
                                      const MemoryEntry& entry);
/// The freeze of a service, or of one revision by the name of its set, unless its time is over.
/// Read the service's memory before: what it saw tells the freezes, too.
[[nodiscard]] Result<std::optional<Hold>> hold_of(Memory& memory, const std::string& name,
                                                  const Deadline& deadline);
/// `by alice@web1 since 2h, until …: why`
[[nodiscard]] std::string held_text(const Hold& hold);

}  // namespace cdctl::fleet
