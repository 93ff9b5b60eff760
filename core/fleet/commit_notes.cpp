#include "core/fleet/commit_notes.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/text.hpp>

namespace cdctl::fleet {

namespace fs = std::filesystem;

namespace {

constexpr off_t k_most = 8 << 20;  // about 25,000 sets
constexpr Millis k_lock_wait{2'000};
constexpr std::string_view k_head = R"({"set":")";

fs::path current(const fs::path& home) { return home / "commits.ndjson"; }
fs::path former(const fs::path& home) { return home / "commits.1.ndjson"; }

/// The older file first: of two lines of a set the last counts.
std::string read_all(const fs::path& home) {
  std::string out;
  for (const auto& path : {former(home), current(home)})
    if (const auto text = read_file_if_there(path); text && *text) out.append(**text).append("\n");
  return out;
}

Json commits_in(std::string_view line) {
  const auto note = Json::parse(line);
  return note && (*note)["commits"].is_object() ? (*note)["commits"] : Json();
}

/// Appends a line, or nothing. Ours begins on one of its own, also behind one that a kill has cut
/// off.
void append(const fs::path& path, std::string line) {
  const Fd file(::open(path.c_str(),
                       O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  char last = '\n';
  if (info.st_size > 0) (void)!::pread(file.get(), &last, 1, info.st_size - 1);
  if (last != '\n') line.insert(0, "\n");
  if (!write_all(file.get(), line)) (void)!::ftruncate(file.get(), info.st_size);
}

}  // namespace

CommitNotes::CommitNotes(const app::Context& context) : text_(read_all(context.home())) {
  for (const auto line : lines(text_)) {
    if (!line.starts_with(k_head)) continue;
    const auto end = line.find('"', k_head.size());
    if (end != line.npos) lines_[line.substr(k_head.size(), end - k_head.size())] = line;
  }
}

Json CommitNotes::of(const SetName& set) const {
  const auto at = lines_.find(set.str());
  return at == lines_.end() ? Json() : commits_in(at->second);
}

Json kept_commits(const app::Context& context, const SetName& set) {
  const auto text = read_all(context.home());
  const auto head = std::string(k_head) + set.str() + "\"";
  std::size_t found = text.npos;
  for (auto at = text.find(head); at != text.npos; at = text.find(head, at + head.size()))
    if (at == 0 || text[at - 1] == '\n') found = at;
  if (found == text.npos) return {};
  return commits_in(std::string_view(text).substr(found, text.find('\n', found) - found));
}

void keep_commits(const app::Context& context, const SetName& set, const Json& commits) {
  if (commits.members().empty()) return;
  const auto home = context.home();
  if (!make_directories(home, 0700)) return;
  const auto lock = OfdLock::acquire(home / "commits.lock", Deadline(k_lock_wait));
  if (!lock || !*lock) return;
  const auto path = current(home);
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0 && info.st_size >= k_most)
    (void)::rename(path.c_str(), former(home).c_str());
  append(path, Json::object({{"set", set.str()}, {"commits", commits}}).dump() + "\n");
}

}  // namespace cdctl::fleet
