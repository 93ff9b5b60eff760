#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/records/set.hpp"

namespace cdctl::fleet {

/// One worker set as engine, memory and switches together know it.
struct SetView {
  SetName name;
  const ServiceConfig* service = nullptr;
  std::optional<SetStatus>
      status;  ///< empty: it lives in another home, or its engine could not be asked
  MemoryEntry memory;
  std::string home, engine, state;  ///< state is empty when it could not be read
  std::optional<bool> cut;          ///< empty when it could not be read
  std::optional<Time> deployed_at, mended_at;
  /// When its revision came first, where that was another time: a roll-back has made it again.
  std::optional<Time> first_deployed_at;
  std::optional<Hold> hold;  ///< of its own, or on the newest set of its service
  bool held_out = false;     ///< of its own: a person has turned away from this revision
  std::string outage;        ///< of its service
  bool newest = false;
  bool proven = false;
  /// Its service is not configured here: its policy is somebody else's to say. Nothing is decided
  /// of it, and what is known of its state is shown to nobody.
  bool foreign = false;
  /// The memory says that it lives in this home, or nobody knows where, and its engine has nothing
  /// of it: what is left are its user and its memo.
  bool ghost = false;
  /// It lives here, and what the broker gave it is gone: none of its units gets in.
  bool locked_out = false;
  /// What somebody has changed of its rights on a broker; known after load_rights().
  std::string rights;
  /// What this home's engine has of a set that lives in another home: a deploy that came second and
  /// was killed, or a copy of a home. Never what the set is.
  std::optional<SetStatus> leftover;
  /// It is here, and the memory still knows it by this name of the home: the machine or the folder
  /// was renamed.
  std::string owner;

  /// Its engine here knows of it: it can be stopped, started and removed from here.
  [[nodiscard]] bool here() const { return status.has_value(); }
  /// It was reaped from elsewhere, when this home was taken for gone; what is left of it is here.
  [[nodiscard]] bool given_up() const {
    return leftover && memory.set && memory.set->reaped_at.has_value();
  }
  /// It is here, was mended from elsewhere, and its units are still stopped.
  [[nodiscard]] bool half_mended() const;
  /// `deploying`, `live` or cut: nothing for `outdated` to offer.
  [[nodiscard]] bool out_there() const;
  /// It was live once and has fallen, and nobody has cut it or begun to: it is to come back.
  [[nodiscard]] bool fallen() const;
  [[nodiscard]] records::Set record() const;
};

/// One service: its sets, newest first, and the memories of sets that were reaped.
struct ServiceView {
  const ServiceConfig* config = nullptr;
  std::vector<SetView> sets;
  std::map<std::string, MemoryEntry>
      gone;                  ///< tombstones and cut memories without a set, by set name
  std::optional<Hold> hold;  ///< a deploy freeze in force; known after load_holds()
  std::map<std::string, Hold> set_holds;  ///< revisions that are held out, by set name; the same
  bool foreign = false;                   ///< as of its sets
  std::optional<Error> error;  ///< engine or memory could not be asked: what is shown is not all
  std::optional<Error> memory_error;  ///< where it was the memory: nothing may be written there
  std::string outage;                 ///< why nobody works on it; known after load_outages()
  std::optional<Error> unsure;        ///< whether work waits for it could not be asked; the same

  [[nodiscard]] const SetView* set(const SetName& name) const;
};

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
/// Exit code `refused` for a set of a service that is not configured here, unless the memory that
/// is asked here knows the set: then a person may say what becomes of it.
[[nodiscard]] Result<> refuse_foreign(const app::Context& context, const SetView& set);
/// Exit code `config` when the file of the service is broken; `failed`, with the nearest name, when
/// it has none here.
[[nodiscard]] Result<const ServiceConfig*> configured_service(app::Context& context,
                                                              std::string_view name);
/// The same of a name that a person has given. One that is not configured here and that an engine
/// or the memory knows is no typing error: then it is exit code `config`, and says where its sets
/// live. Exit code `usage` for what cannot be the name of one.
[[nodiscard]] Result<const ServiceConfig*> find_service(app::Context& context,
                                                        std::string_view name);
/// `; did you mean thumbs?`, or nothing.
[[nodiscard]] std::string nearest_service(const Config& config, std::string_view name);
/// Reports every broken service file: a record, a line, exit code 3.
void report_broken(app::Context& context);

}  // namespace cdctl::fleet
