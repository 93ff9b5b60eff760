#include "plugins/git/elsewhere.hpp"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::hours k_kept_for(24 * 30);

fs::path folder_of(const Workshop& workshop) { return workshop.path().string() + ".elsewhere"; }

fs::path note_of(const Workshop& workshop, const std::string& ref, const std::string& head) {
  return folder_of(workshop) / sha256_hex(fmt::format("{}\n{}", ref, head)).substr(0, 40);
}

/// Nobody lands what was merged a month ago.
void forget_old(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> old;
  const auto oldest = fs::file_time_type::clock::now() - k_kept_for;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (at->last_write_time(gone) < oldest && !gone) old.push_back(at->path());
  }
  for (const auto& path : old) fs::remove(path, error);
}

}  // namespace

Result<> note_source(const Workshop& workshop, const std::string& ref, const std::string& head,
                     const std::string& url) {
  const auto note = note_of(workshop, ref, head);
  std::error_code error;
  if (url.empty()) {
    fs::remove(note, error);
    return {};
  }
  CDCTL_TRY(make_directories(note.parent_path(), 0700));
  forget_old(note.parent_path());
  return write_file_atomically(note, url + "\n", 0600);
}

std::string source_of(const Workshop& workshop, const std::string& ref, const std::string& head) {
  const auto text = read_file_if_there(note_of(workshop, ref, head));
  return text && *text ? std::string(trimmed(**text)) : std::string();
}

}  // namespace cdctl::git
