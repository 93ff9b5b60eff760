#include "plugins/mojo/spec/stage.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

Result<> check_relative(std::string_view path, std::string_view what) {
  const auto refuse = [&](std::string_view why) {
    return fail(ExitCode::config, fmt::format("{} '{}' {}", what, printable(path, 80), why));
  };
  if (path.empty()) return fail(ExitCode::config, fmt::format("{} is empty", what));
  if (path.size() > 1024) return refuse("is longer than 1024 bytes");
  if (std::ranges::any_of(path,
                          [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return refuse("holds a control character");
  if (path.contains("\xef\xbb\xbf")) return refuse("holds a byte order mark");
  if (path.starts_with('/')) return refuse("is an absolute path; write it relative");
  for (auto rest = path; !rest.empty();) {
    const auto part = take_until(rest, '/');
    if (part == ".." || part == ".") return refuse("may not hold . or ..");
    if (part.starts_with('-')) return refuse("has a part that starts with a dash");
  }
  return {};
}

bool inside(const fs::path& path, const fs::path& root) {
  std::error_code error;
  const auto real = fs::canonical(path, error);
  if (error) return false;
  const auto real_root = fs::canonical(root, error);
  if (error) return false;
  const auto [end, ignored] =
      std::mismatch(real_root.begin(), real_root.end(), real.begin(), real.end());
  return end == real_root.end();
}

Result<fs::path> Stage::find(std::string_view name) const {
  CDCTL_TRY(check_relative(name, "file"));
  for (fs::path below = stage_;; below = below.parent_path()) {
    const auto candidate = spec_ / below / name;
    std::error_code error;
    if (fs::exists(fs::symlink_status(candidate, error))) {
      if (!fs::exists(candidate, error))
        return fail(ExitCode::config, fmt::format("'{}' is a link to nothing", name));
      if (!inside(candidate, spec_))
        return fail(ExitCode::config,
                    fmt::format("'{}' is a link that leads out of the spec", name));
      if (!fs::is_regular_file(candidate, error))
        return fail(ExitCode::config, fmt::format("'{}' is no file", name));
      return candidate;
    }
    if (below.empty()) break;
  }
  const auto nor = stage_.empty() ? "" : fmt::format(", nor in its stage {} or above", stage_);
  return fail(
      Error{ExitCode::config, fmt::format("there is no '{}' in the spec{}", name, nor)}.because(
          Reason::not_there));
}

fs::path Stage::folder() const {
  const auto folder = stage_.empty() ? spec_ : spec_ / stage_;
  std::error_code error;
  return fs::is_directory(folder, error) && inside(folder, spec_) ? folder : spec_;
}

}  // namespace cdctl::mojo
