#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/args.hpp>
#include <cdctl/host.hpp>
#include <cdctl/plugin.hpp>

#include "plugins/juju/client/access.hpp"
#include "plugins/juju/model/models.hpp"

// What the commands of `cdctl juju …` share.

namespace cdctl::juju {

/// A model to ask about.
struct Target {
  ModelAddress address;
  std::string shown;       ///< `OWNER/NAME`, or as it was given
  std::string short_name;  ///< what the answer must be about; empty when only the uuid was given
};

/// One run of a command: what it asks, and what it says when it cannot.
class View {
 public:
  [[nodiscard]] static Result<View> open(const Host& host, const plugin::CommandArguments& given);

  [[nodiscard]] const Access& access() const { return access_; }
  void write(const Json& record) const { given_->write(record); }
  /// Someone could not be asked: a `cdctl.error/1` record, and the reason on stderr. A mistake of
  /// the configuration is said on stderr alone.
  void cannot(std::string_view attempt, const Error& error) const;

  /// All models of a controller (empty: of Juju's choice) that the user sees. An incomplete list is
  /// told with cannot(), and given all the same.
  [[nodiscard]] Result<std::vector<ModelItem>> models(const std::string& controller,
                                                      bool all_users = false) const;
  /// The models that the words name; without words all of them. Exit code `usage` for what is no
  /// model's name.
  [[nodiscard]] Result<std::vector<Target>> targets(std::span<const std::string> words) const;
  /// Asks `command` of each model; answers in the order of the targets.
  [[nodiscard]] std::vector<Asked<Answer>> ask(std::span<const Target> targets,
                                               const Question& command) const;

 private:
  /// A model whose name may be taken for the start of a uuid, as the list has it.
  [[nodiscard]] Result<Target> by_list(const ModelAddress& address, const std::string& word) const;

  View(const plugin::CommandArguments& given, Access access)
      : given_(&given), access_(std::move(access)) {}
  const plugin::CommandArguments* given_;
  Access access_;
};

using plugin::guarded;

}  // namespace cdctl::juju
