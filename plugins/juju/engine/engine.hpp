#pragma once

#include <map>
#include <memory>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/juju/sets/home.hpp"
#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/world/memory.hpp"

namespace cdctl::juju {

/// Sets on models that a Juju controller runs: a model for each, or an application for each in a
/// model that they share. What Juju could not be asked in full is exit code `unknown`, never an
/// answer.
class JujuEngine final : public Engine {
 public:
  /// Reads where the controller is; ready() says whether that went well, and so does every call.
  explicit JujuEngine(Host& host) : host_(host), place_(Place::read(host)) {}
  [[nodiscard]] Result<> ready() const;

  [[nodiscard]] std::string home() const override { return place_ ? place_->home() : "juju:"; }
  /// One `models` call, one `model-config` for each model that this machine has not seen yet, one
  /// `status` for each model that sets share. Units of sets with a model of their own are left to
  /// describe().
  [[nodiscard]] Result<std::vector<SetStatus>> list(std::optional<std::string_view> service,
                                                    const Deadline& deadline) override;
  [[nodiscard]] Result<SetStatus> describe(const SetName& set, const Deadline& deadline) override;
  [[nodiscard]] Result<std::unique_ptr<Claim>> claim(const SetName& set, const Sources& sources,
                                                     Time deployed_at,
                                                     const Deadline& deadline) override;
  [[nodiscard]] Result<Step> cut(const SetName& set, const Deadline& deadline) override;
  [[nodiscard]] Result<Step> mend(const SetName& set, bool thaw, const Deadline& deadline) override;
  [[nodiscard]] Result<Step> stop(const SetName& set, Millis grace,
                                  const Deadline& deadline) override;
  [[nodiscard]] Result<Step> destroy(const SetName& set, const Deadline& deadline) override;

 private:
  Host& host_;
  Result<Place> place_;
};

/// What a cut has to know of a set.
[[nodiscard]] WorldSet world_set(const Place& place, const Access& access, const SetName& set,
                                 const Settings& settings, const std::string& model_uuid);

}  // namespace cdctl::juju
