#pragma once

#include <functional>
#include <optional>

#include <cdctl/digest.hpp>
#include <cdctl/host.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/sets/home.hpp"
#include "plugins/juju/sets/metadata.hpp"
#include "plugins/juju/sets/tags.hpp"

namespace cdctl::juju {

/// A set under deploy: holds its `lock` on this machine, and a lease in the tags of its model, or
/// of the model it shares, which other machines respect until it runs out.
class JujuClaim final : public Claim {
 public:
  /// Waits for whoever deploys it, makes the model where there is none. Exit code `refused` for a
  /// model of that name that is not ours, and for a set that is being reaped.
  [[nodiscard]] static Result<std::unique_ptr<Claim>> make(Host& host, const ControllerHome& home,
                                                           const SetName& set,
                                                           const Sources& sources, Time deployed_at,
                                                           const Deadline& deadline);

  JujuClaim(Host& host, const ControllerHome& home, SetName set, JujuSettings settings,
            OfdLock lock)
      : host_(host),
        home_(home),
        set_(std::move(set)),
        settings_(std::move(settings)),
        folder_(home.set(set_)),
        lock_(std::move(lock)) {}

  [[nodiscard]] const SetStatus& do_found() const noexcept override { return found_; }
  [[nodiscard]] std::filesystem::path do_workspace() const override { return home_.work(set_); }
  [[nodiscard]] Result<std::optional<std::string>> do_load_secret(std::string_view key) override;
  [[nodiscard]] Result<> do_save_secret(std::string_view key, std::string_view value) override;
  /// Waits for applications that an earlier deploy removed and Juju has not let go of yet. Those
  /// that run stay: a bundle that is deployed again changes them into what it says.
  [[nodiscard]] Result<> do_clean(const Deadline& deadline) override;
  [[nodiscard]] Result<> do_start(const Workload& workload, const Deadline& deadline) override;
  [[nodiscard]] bool do_takes_bundles() const override { return true; }
  [[nodiscard]] Result<> do_start_bundle(const BundleWorkload& workload,
                                         const Deadline& deadline) override;
  [[nodiscard]] Result<> do_finish() override;
  [[nodiscard]] Result<> do_halt(const Deadline& deadline) override;
  void do_abandon(std::string_view why) override;
  /// The model that this deploy made, or the application that it has begun, and what this machine
  /// keeps of it: nothing that Juju says is another deploy's by now.
  [[nodiscard]] Result<bool> do_discard(const Deadline& deadline) override;

 private:
  [[nodiscard]] bool shares_model() const { return settings_.isolation == Isolation::application; }
  /// What the tags say of the set, and the tags with that replaced.
  [[nodiscard]] Metadata work_in(const Tags& tags) const {
    return shares_model() ? work_of(tags, set_) : metadata_of(tags);
  }
  [[nodiscard]] Tags with(Tags tags, const Metadata& work) const {
    return shares_model() ? with_work(std::move(tags), set_, work)
                          : with_metadata(std::move(tags), work);
  }
  /// Whether the tags still say that the set is this deploy's; exit code `refused` when another
  /// deploy took it over.
  [[nodiscard]] Result<> held_in(const Tags& tags, std::string_view attempt) const;
  [[nodiscard]] Result<> held_by(const Metadata& work, std::string_view attempt) const;
  [[nodiscard]] Result<> still_held(const Access& access, std::string_view attempt) const;
  /// Changes what the tags say of the set, as long as it is this deploy's.
  [[nodiscard]] Result<Tags> change_work(const Access& access,
                                         const std::function<void(Metadata&)>& change,
                                         std::string_view attempt) const;
  /// How Juju is asked once the deploy has failed. After Ctrl-C all that is left has 5 s together,
  /// `most` of them for this, and no child is ended by it.
  [[nodiscard]] Access at_the_end(const Deadline& deadline, Millis most);
  [[nodiscard]] Result<std::filesystem::path> secret_file(std::string_view key) const;
  [[nodiscard]] Result<> note_attempt(std::string_view why);
  [[nodiscard]] Result<> check_application(const Access& access) const;

  Host& host_;
  ControllerHome home_;
  SetName set_;
  JujuSettings settings_;
  SetFolder folder_;
  OfdLock lock_;
  SetStatus found_;
  ModelItem model_;                    ///< its own, or the shared one
  std::string claim_ = random_hex(8);  ///< which deploy this is, for the tags
  bool all_ = false;                   ///< an administrator made it
  std::vector<std::string> started_;   ///< applications that were handed over
  std::int64_t units_ = 0;
  std::optional<Deadline> last_words_;  ///< since we were asked to stop
};

/// How long a set is left alone after `attempts` deploys in a row that led nowhere: 30 s, doubling
/// to an hour.
[[nodiscard]] Millis retry_delay(std::int64_t attempts);

}  // namespace cdctl::juju
