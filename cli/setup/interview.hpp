#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/args.hpp>

#include "cli/output/prompt.hpp"
#include "cli/setup/init_plugins.hpp"
#include "cli/setup/init_text.hpp"

namespace cdctl::cli {

/// The questions of `init`. Settles one answer after the other: from its option, from a person, or
/// with --yes from what was found; then lets the plugins ask theirs. Lives for one run of `init`.
class Interview {
 public:
  Interview(Context& context, const Arguments& args, const SetupPlugins& plugins, FolderFacts facts,
            bool adding);

  [[nodiscard]] Result<InitAnswers> run();
  /// Whether a person was led through questions, and is to agree at the end.
  [[nodiscard]] bool asked() const { return asks_all_; }

 private:
  [[nodiscard]] Result<std::string> settle(const char* option, std::string_view question,
                                           const std::string& found, bool needed = true);
  [[nodiscard]] Result<> service();
  [[nodiscard]] Result<> sources();
  [[nodiscard]] Result<std::string> kind_of(const std::string& address) const;
  /// Whether a source of this kind takes the key `branch`.
  [[nodiscard]] bool has_branches(const std::string& kind);
  [[nodiscard]] Result<> branch();
  /// The engines that there are: what is embedded goes first.
  [[nodiscard]] std::vector<std::string> engines();
  /// What the command line names wrong is said before anything is asked.
  [[nodiscard]] Result<> check_engine();
  [[nodiscard]] bool known(const std::string& engine);
  [[nodiscard]] std::string unknown_engine(const std::string& engine);
  [[nodiscard]] Result<> engine();

  Context& context_;
  const Arguments& args_;
  const SetupPlugins& plugins_;
  FolderFacts facts_;
  Prompt prompt_;
  bool asks_;      ///< a person answers what must be known
  bool asks_all_;  ///< and what has a default
  bool adding_;
  InitAnswers answers_;
};

}  // namespace cdctl::cli
