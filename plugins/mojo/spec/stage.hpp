#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::mojo {

/// A relative path that stays below where it starts: not absolute, no `..` or `.`, no leading dash
/// in a part, no control characters. Exit code `config`; `what` names the thing in the error.
[[nodiscard]] Result<> check_relative(std::string_view path, std::string_view what);

/// A checkout of a spec, and the stage whose files come first.
class Stage {
 public:
  /// Both are checked before; `stage` can be empty, and its folder need not exist.
  Stage(std::filesystem::path spec, std::string stage)
      : spec_(std::move(spec)), stage_(std::move(stage)) {}

  /// The file `name`: looked for in the stage's folder, then in each folder above it up to the
  /// spec's top. Links are followed and must end inside the spec. Exit code `config` when it is
  /// nowhere (the places are named), when it is not a file, or when it leads out of the spec.
  [[nodiscard]] Result<std::filesystem::path> find(std::string_view name) const;
  /// The stage's folder if it exists, else the spec's top: where scripts run.
  [[nodiscard]] std::filesystem::path folder() const;
  [[nodiscard]] const std::filesystem::path& spec() const { return spec_; }
  [[nodiscard]] const std::string& name() const { return stage_; }

 private:
  std::filesystem::path spec_;
  std::string stage_;
};

/// Whether `path`, its links followed, is `root` or below it. False when it does not exist.
[[nodiscard]] bool inside(const std::filesystem::path& path, const std::filesystem::path& root);

}  // namespace cdctl::mojo
