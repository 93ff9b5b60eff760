#include "core/app/home_notes.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

#include <sys/stat.h>

#include <cdctl/fs.hpp>

namespace cdctl::app {

namespace fs = std::filesystem;

namespace {

constexpr auto k_kept = std::chrono::hours(24 * 366);

/// What can be the name of a file here.
bool plain(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

void HomeNotes::put(const std::string& name, const Json& note) const {
  if (!plain(name) || !make_directories(folder_, 0700)) return;
  (void)write_file_atomically(folder_ / (name + ".json"), note.dump() + "\n", 0600);
}

Json HomeNotes::get(const std::string& name) const {
  if (!plain(name)) return {};
  const auto text = read_file_if_there(folder_ / (name + ".json"));
  if (!text || !*text) return {};
  auto json = Json::parse(**text);
  return json ? std::move(*json) : Json();
}

void HomeNotes::forget_old() const {
  std::error_code error;
  const auto oldest = std::time(nullptr) - std::chrono::seconds(k_kept).count();
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    struct stat info{};
    if (::lstat(at->path().c_str(), &info) == 0 && info.st_mtime < oldest)
      fs::remove(at->path(), error);
  }
}

}  // namespace cdctl::app
