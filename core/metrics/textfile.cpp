#include "core/metrics/textfile.hpp"

#include <string>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/time.hpp>

namespace cdctl::metrics {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t k_in_hand_s = 60;  ///< so young a draft may be somebody's, also elsewhere

/// `NAME.PID.new`, as write_file_atomically calls its drafts.
bool is_draft_of(std::string_view name, std::string_view file) {
  if (!name.starts_with(file)) return false;
  name.remove_prefix(file.size());
  constexpr std::string_view k_end = ".new";
  if (name.size() < 2 + k_end.size() || !name.starts_with('.') || !name.ends_with(k_end))
    return false;
  name = name.substr(1, name.size() - 1 - k_end.size());
  return name.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Best effort: nothing reads them.
void remove_drafts(const fs::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const auto file = path.filename().string();
  const auto clock = now().time_since_epoch().count() / 1000;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    struct stat info{};
    if (is_draft_of(at->path().filename().string(), file) &&
        ::lstat(at->path().c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        info.st_uid == ::geteuid() && clock - info.st_mtime >= k_in_hand_s)
      ::unlink(at->path().c_str());
  }
}

}  // namespace

Result<> write_textfile(const fs::path& path, std::string_view text) {
  CDCTL_TRY(write_file_atomically(path, text));
  remove_drafts(path);
  return {};
}

}  // namespace cdctl::metrics
