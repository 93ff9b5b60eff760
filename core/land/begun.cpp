#include "core/land/begun.hpp"

#include <algorithm>
#include <utility>

#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>

namespace cdctl::land {

namespace fs = std::filesystem;

Result<> Begun::note(const Candidates& candidates) const {
  CDCTL_TRY(make_directories(folder_, 0700));
  auto list = Json::array();
  for (const auto& one : candidates) list.push_back(records::encode(one));
  return write_file_atomically(file(candidates), list.dump() + "\n", 0600);
}

void Begun::forget(const Candidates& candidates) const {
  std::error_code error;
  fs::remove(file(candidates), error);
}

bool Begun::has(const Candidates& candidates) const {
  std::error_code error;
  return fs::exists(file(candidates), error);
}

std::vector<Candidates> Begun::all() const {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".json") files.push_back(at->path());
  std::ranges::sort(files);
  std::vector<Candidates> out;
  for (const auto& path : files) {
    const auto text = read_file_if_there(path);
    const auto json = text && *text ? Json::parse(**text) : Result<Json>(fail("gone"));
    Candidates candidates;
    if (json)
      for (const auto& one : json->items())
        candidates.push_back(records::decode<records::Candidate>(one));
    if (!candidates.empty()) out.push_back(std::move(candidates));
  }
  std::ranges::stable_sort(out, {},
                           [](const Candidates& some) { return some.front().at.value_or(Time()); });
  return out;
}

fs::path Begun::file(const Candidates& candidates) const {
  // A commit's id, or what somebody has written in its place.
  auto name = candidates.back().commit;
  std::erase_if(name, [](char c) { return !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'); });
  return folder_ / (name + ".json");
}

}  // namespace cdctl::land
