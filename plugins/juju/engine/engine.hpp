#pragma once

#include <map>
#include <memory>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "plugins/juju/sets/home.hpp"

namespace cdctl::juju {

/// Sets on models that a Juju controller runs: a model for each, or an application for each in a
/// model that they share. What Juju could not be asked in full is exit code `unknown`, never an
/// answer.
class JujuEngine final : public Engine {
 public:
  /// Reads where the controller is; ready() says whether that went well, and so does every call.
  explicit JujuEngine(Host& host) : host_(host), home_(ControllerHome::read(host)) {}
  [[nodiscard]] Result<> ready() const;

  [[nodiscard]] std::string do_home() const override { return home_ ? home_->id() : "juju:"; }
  /// One `models` call, one `model-config` for each model that this machine has not seen yet, one
  /// `status` for each model that sets share. Units of sets with a model of their own are left to
  /// do_describe().
  [[nodiscard]] Result<std::vector<SetStatus>> do_list(std::optional<std::string_view> service,
                                                       const Deadline& deadline) override;
  [[nodiscard]] Result<SetStatus> do_describe(const SetName& set,
                                              const Deadline& deadline) override;
  [[nodiscard]] Result<std::unique_ptr<Claim>> do_claim(const SetName& set, const Sources& sources,
                                                        Time deployed_at,
                                                        const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_cut(const SetName& set, const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_mend(const SetName& set, bool thaw,
                                     const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_stop(const SetName& set, Millis grace,
                                     const Deadline& deadline) override;
  /// Juju goes on without us. Asked again too soon it gives its last answer: a look is four calls.
  [[nodiscard]] Result<Stopping> do_begin_stop(const SetName& set, const Grace& grace,
                                               const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_destroy(const SetName& set, const Deadline& deadline) override;

 private:
  /// How far the end of a set was when we last looked.
  struct StopLook {
    Grace grace;
    Stopping last;
    Time next;  ///< not to be looked at before
    Millis pause;
  };
  Host& host_;
  Result<ControllerHome> home_;
  std::map<SetName, StopLook> stopping_;
};

}  // namespace cdctl::juju
