#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/grace.hpp>
#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/status.hpp"
#include "plugins/juju/sets/home.hpp"
#include "plugins/juju/sets/metadata.hpp"
#include "plugins/juju/sets/removal.hpp"
#include "plugins/juju/sets/tags.hpp"

namespace cdctl::juju {

/// The end of one set, by one command: marks it, takes its applications out of work, and has Juju
/// remove it until that is proven. The engine makes one for each stop and destroy, and holds the
/// set's lock meanwhile.
class Reap {
 public:
  Reap(Host& host, const ControllerHome& home, const SetName& set, JujuSettings settings,
       std::string attempt, const Deadline& deadline)
      : host_(host),
        home_(home),
        set_(set),
        settings_(std::move(settings)),
        folder_(home.set(set)),
        attempt_(std::move(attempt)),
        deadline_(deadline),
        access_(home.by(deadline)) {}

  /// Tells its applications to go (`again`: this process did so already, whatever came of it) and
  /// looks how far they are; does not wait. Done when their units are gone, or each had its grace:
  /// from the begin of the reap on, by the application's name.
  [[nodiscard]] Result<Stopping> begin_stop(const Grace& grace, bool again = false);
  /// The same, and waits until it is done.
  [[nodiscard]] Result<Step> stop(Millis grace);
  [[nodiscard]] Result<Step> destroy();
  /// Takes away what a deploy has made that may not keep it, where Juju still says what `ours` asks
  /// for: exit code `refused` for what somebody else has made of it since. What `model` is the uuid
  /// of is meant, and nothing else of that name.
  [[nodiscard]] Result<> discard(const std::string& model,
                                 const std::function<Result<>(const Metadata&)>& ours);

 private:
  [[nodiscard]] bool shares_model() const { return settings_.isolation == Isolation::application; }
  /// Whether Juju has the set, asked for just now.
  [[nodiscard]] Result<bool> look();
  /// The reap's record: of this model, with the time at which it was begun by whomever.
  [[nodiscard]] Reaping reaping() const;
  [[nodiscard]] Result<> note();
  /// Marks it `reaping`, for all machines and then here. True when it was not yet.
  [[nodiscard]] Result<bool> mark();
  [[nodiscard]] Result<> mark_in_tags();
  [[nodiscard]] TagSite tag_site(const std::string& uuid) const;
  /// Those of its applications that have a life of their own.
  [[nodiscard]] std::vector<const Application*> applications(const ModelStatus& status) const;
  /// Has them removed in good order. True when there was one that did not go yet.
  [[nodiscard]] Result<bool> tell(const ModelStatus& status);
  /// Whose units are there still, and until when they may be.
  [[nodiscard]] Stopping left(const ModelStatus& status, const Grace& grace) const;
  /// Only what was stopped before is destroyed, as Juju has it and not as this machine remembers;
  /// and what a deploy of this machine has made and put nothing into.
  [[nodiscard]] Result<> may_go();
  [[nodiscard]] Result<bool> is_debris();
  /// What somebody else has seen as a set is not gone because this user does not see it.
  [[nodiscard]] Result<> nobody_saw_it();
  [[nodiscard]] Result<> forget(const RemovalTarget& target);
  /// What a shared model says of the set: that it was worked on, and what its cut remembers.
  [[nodiscard]] Result<> drop_tags(const std::string& uuid);

  Host& host_;
  const ControllerHome& home_;
  const SetName& set_;
  JujuSettings settings_;
  SetFolder folder_;
  std::string attempt_;
  Deadline deadline_;
  Access access_;
  std::optional<ModelItem> model_;
  Metadata work_;  ///< what the tags say of it
  std::string uuid_;
  bool all_ = false;
  bool leaving_ = false;                           ///< Juju is removing it
  std::function<Result<>(const Metadata&)> ours_;  ///< asked right before it is marked
};

}  // namespace cdctl::juju
