#pragma once

#include <string>
#include <vector>

#include <cdctl/time.hpp>

#include "cli/command_line/completion/names.hpp"
#include "cli/output/context.hpp"
#include "core/config/place.hpp"

namespace cdctl::cli::completion {

/// What a configuration and the engines behind it know, for as long as the budget lasts. Silent
/// about everything that fails.
class Live {
 public:
  Live(Context::Options options, const Deadline& budget)
      : options_(std::move(options)),
        budget_(budget),
        place_(config::locate_config(options_.config)) {}

  /// By the names of the files in services.d; nothing is parsed.
  [[nodiscard]] std::vector<std::string> services() const;
  /// The same of targets.d.
  [[nodiscard]] std::vector<std::string> targets() const;
  /// From the cache while it is fresh; else whoever knows is asked, and the cache answers when that
  /// takes too long. For a configuration that was found by walking up, only this machine's own
  /// engine is: it must not choose whom a TAB talks to.
  [[nodiscard]] std::vector<KnownSet> sets() const;
  /// The sources of a service that `--source` can pin, or of all services.
  [[nodiscard]] std::vector<std::string> sources(const std::vector<std::string>& of) const;

 private:
  [[nodiscard]] std::filesystem::path services_folder() const;
  void ask(int fd, const NamesCache& cache, const std::vector<KnownSet>& before) const;

  Context::Options options_;
  Deadline budget_;
  std::optional<config::ConfigPlace> place_;
};

}  // namespace cdctl::cli::completion
