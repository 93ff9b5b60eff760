#include "plugins/local/memory.hpp"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl::local {

namespace {

class FileServiceLock final : public ServiceLock {
 public:
  FileServiceLock(FileLock lock, std::filesystem::path path)
      : lock_(std::move(lock)), path_(std::move(path)) {}

 private:
  /// A file that was removed locks nobody out any more.
  Result<> do_prove(const Deadline&) override {
    struct stat ours{}, theirs{};
    if (::fstat(lock_.fd(), &ours) == 0 && ::stat(path_.c_str(), &theirs) == 0 &&
        ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
      return {};
    return fail(
        ExitCode::unknown,
        fmt::format("the lock {} was removed while it was held; run it again", path_.string()));
  }

  FileLock lock_;
  std::filesystem::path path_;
};

bool there(const std::filesystem::path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0;
}

Result<OfdLock> take(const std::filesystem::path& path, OfdLock::Kind kind,
                     const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto lock, OfdLock::acquire(path, deadline, kind));
  if (!lock)
    return fail(
        ExitCode::timeout,
        fmt::format("waiting for {}: someone else holds it; try again later", path.string()));
  return std::move(*lock);
}

/// The names of the files in a folder, sorted as they come.
Result<std::vector<std::string>> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  DIR* const dir = ::opendir(folder.c_str());
  if (!dir && errno == ENOENT) return out;
  if (!dir) return fail(fmt::format("listing {}: {}", folder.string(), errno_text(errno)));
  while (const auto* entry = ::readdir(dir)) out.emplace_back(entry->d_name);
  ::closedir(dir);
  return out;
}

Result<std::vector<SetName>> names_in(const std::filesystem::path& folder,
                                      std::optional<std::string_view> service) {
  CDCTL_TRY_ASSIGN(const auto files, files_in(folder));
  std::vector<SetName> out;
  for (const auto& file : files) {
    auto name = HomePaths::parse_memo_file(file);
    if (name && (!service || name->service == *service)) out.push_back(std::move(*name));
  }
  return out;
}

Result<Json> read_memo(const std::filesystem::path& file) {
  CDCTL_TRY_ASSIGN(const auto text, read_file(file));
  auto json = Json::parse(text);
  if (!json) return fail(json.error().in(file.string()));
  return json;
}

Result<> read_all(const HomePaths& home, std::optional<std::string_view> service,
                  std::map<std::string, MemoryEntry>& out) {
  CDCTL_TRY_ASSIGN(const auto sets, names_in(home.set_memos(), service));
  for (const auto& name : sets) {
    CDCTL_TRY_ASSIGN(const auto json, read_memo(home.set_memo(name)));
    CDCTL_TRY_ASSIGN(out[name.str()].set, set_memo_from_json(name, json));
    out[name.str()].cut = false;
  }
  CDCTL_TRY_ASSIGN(const auto cuts, names_in(home.cut_memos(), service));
  for (const auto& name : cuts) {
    CDCTL_TRY_ASSIGN(const auto json, read_memo(home.cut_memo(name)));
    auto memo = cut_memo_from_json(json);
    if (!memo) return fail(memo.error().in(home.cut_memo(name).string()));
    auto& entry = out[name.str()];
    entry.cut = memo->cut;
    entry.cut_memo = std::move(*memo);
  }
  return {};
}

/// A set's own forced state goes before its service's.
Result<> read_forces(const HomePaths& home, std::map<std::string, MemoryEntry>& out) {
  if (!there(home.forces())) return {};
  for (auto& [name, entry] : out) {
    for (const auto& whose : {name, parse_set_name(name)->service}) {
      if (entry.force || !there(home.force(whose))) continue;
      CDCTL_TRY_ASSIGN(const auto json, read_memo(home.force(whose)));
      auto force = force_from_json(json);
      if (!force) return fail(force.error().in(home.force(whose).string()));
      entry.force = std::move(*force);
      entry.force->target = whose;
    }
  }
  return {};
}

/// No file where there was none: nothing of a home is made to forget something.
Result<> unlink_file(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT)
    return fail(fmt::format("removing {}: {}", file.string(), errno_text(errno)));
  return {};
}

}  // namespace

Result<std::map<std::string, MemoryEntry>> LocalMemory::do_read(
    std::optional<std::string_view> service, const Deadline& deadline) {
  std::map<std::string, MemoryEntry> out;
  if (!there(home_.memory())) return out;
  const auto unknown = [](const Error& error) {
    return fail(error.exit == ExitCode::timeout ? error.exit : ExitCode::unknown,
                "reading the memory of this home: " + error.what);
  };
  const auto lock = take(home_.memory_lock(), OfdLock::Kind::shared, deadline);
  if (!lock) return unknown(lock.error());
  if (const auto done = read_all(home_, service, out); !done) return unknown(done.error());
  if (const auto done = read_forces(home_, out); !done) return unknown(done.error());
  return out;
}

Result<> LocalMemory::write(const std::filesystem::path& folder, const std::filesystem::path& file,
                            const Json& memo, const Deadline& deadline) const {
  CDCTL_TRY(make_directories(folder, 0700));
  CDCTL_TRY_ASSIGN(const auto lock, take(home_.memory_lock(), OfdLock::Kind::exclusive, deadline));
  return write_file_atomically(file, memo.dump() + "\n", 0600);
}

Result<> LocalMemory::do_put_set(const SetMemo& memo, const Deadline& deadline) {
  auto done = write(home_.set_memos(), home_.set_memo(memo.name), to_json(memo), deadline);
  return done ? done : fail(done.error().in("noting the set " + memo.name.str()));
}

Result<> LocalMemory::do_put_cut(const SetName& set, const CutMemo& memo,
                                 const Deadline& deadline) {
  auto done = write(home_.cut_memos(), home_.cut_memo(set), to_json(memo), deadline);
  return done ? done : fail(done.error().in("noting the cut of " + set.str()));
}

Result<> LocalMemory::forget(const std::filesystem::path& file, const Deadline& deadline) const {
  if (!there(file)) return {};
  CDCTL_TRY_ASSIGN(const auto lock, take(home_.memory_lock(), OfdLock::Kind::exclusive, deadline));
  return unlink_file(file);
}

Result<> LocalMemory::do_put_force(std::string_view name, const std::optional<Force>& force,
                                   const Deadline& deadline) {
  if (!parse_set_name(name) && !valid_service_name(name))
    return fail(ExitCode::usage,
                fmt::format("'{}' names no set and no service", printable(name, 80)));
  auto done = force ? write(home_.forces(), home_.force(name), to_json(*force), deadline)
                    : forget(home_.force(name), deadline);
  return done ? done : fail(done.error().in(fmt::format("forcing {}", name)));
}

Result<std::optional<Force>> LocalMemory::do_force_of(const SetName& set,
                                                      const Deadline& deadline) {
  if (!there(home_.forces())) return std::optional<Force>();
  std::map<std::string, MemoryEntry> one{
      {set.str(), {}}};  // of a set that nobody knows, too: what is forced on its service
  CDCTL_TRY_ASSIGN(const auto lock, take(home_.memory_lock(), OfdLock::Kind::shared, deadline));
  if (const auto done = read_forces(home_, one); !done)
    return fail(ExitCode::unknown,
                "reading what is forced on " + set.str() + ": " + done.error().what);
  return std::move(one.begin()->second.force);
}

Result<> LocalMemory::do_put_hold(std::string_view name, const std::optional<Hold>& hold,
                                  const Deadline& deadline) {
  if (!parse_set_name(name) && !valid_service_name(name))
    return fail(ExitCode::usage,
                fmt::format("'{}' names no set and no service", printable(name, 80)));
  auto done = hold ? write(home_.holds(), home_.hold(name), to_json(*hold), deadline)
                   : forget(home_.hold(name), deadline);
  return done ? done : fail(done.error().in(fmt::format("noting the freeze of {}", name)));
}

Result<std::map<std::string, Hold>> LocalMemory::do_holds(const Deadline& deadline) {
  std::map<std::string, Hold> out;
  if (!there(home_.holds())) return out;
  const auto unknown = [](const Error& error) {
    return fail(error.exit == ExitCode::timeout ? error.exit : ExitCode::unknown,
                "reading the freezes of this home: " + error.what);
  };
  const auto lock = take(home_.memory_lock(), OfdLock::Kind::shared, deadline);
  if (!lock) return unknown(lock.error());
  const auto files = files_in(home_.holds());
  if (!files) return unknown(files.error());
  for (const auto& file : *files) {
    const auto name = HomePaths::parse_name_file(file);
    if (!name) continue;
    const auto json = read_memo(home_.hold(*name));
    if (!json) return unknown(json.error());
    auto hold = hold_from_json(*json);
    if (!hold) return unknown(hold.error().in(home_.hold(*name).string()));
    out.emplace(*name, std::move(*hold));
  }
  return out;
}

Result<> LocalMemory::do_trim(std::string_view service, std::size_t keep,
                              const Deadline& deadline) {
  if (!there(home_.memory())) return {};
  CDCTL_TRY_ASSIGN(const auto lock, take(home_.memory_lock(), OfdLock::Kind::exclusive, deadline));
  std::map<std::string, MemoryEntry> all;
  CDCTL_TRY(read_all(home_, service, all));
  std::vector<const SetMemo*> tombstones;
  for (const auto& [name, entry] : all)
    if (entry.set && entry.set->reaped_at) tombstones.push_back(&*entry.set);
  std::ranges::sort(tombstones, std::ranges::greater(),
                    [](const SetMemo* memo) { return *memo->reaped_at; });
  for (std::size_t i = keep; i < tombstones.size(); ++i) {
    // The cut first: killed in between, the set is still there to be trimmed again
    const auto& name = tombstones[i]->name;
    for (const auto& file : {home_.cut_memo(name), home_.force(name.str()), home_.hold(name.str()),
                             home_.set_memo(name)})
      CDCTL_TRY(unlink_file(file));
  }
  return {};
}

/// `what` of the service is locked: it as a whole, or what is behind a dot.
Result<std::unique_ptr<ServiceLock>> LocalMemory::take_lock(std::string_view service,
                                                            std::string_view what,
                                                            const Deadline& deadline) const {
  if (!valid_service_name(service))
    return fail(fmt::format("'{}' is not the name of a service", printable(service, 60)));
  CDCTL_TRY(make_directories(home_.service_locks(), 0700));
  const auto name = std::string(service).append(what);
  CDCTL_TRY_ASSIGN(auto lock, FileLock::acquire(home_.service_lock(name), deadline));
  if (!lock)
    return fail(Error{
        ExitCode::timeout,
        fmt::format("waiting for the lock of {}: someone else holds it; try again later", name)}
                    .because(Reason::held));
  return std::make_unique<FileServiceLock>(std::move(*lock), home_.service_lock(name));
}

Result<std::unique_ptr<ServiceLock>> LocalMemory::do_lock(std::string_view service,
                                                          const Deadline& deadline) {
  return take_lock(service, {}, deadline);
}

Result<std::unique_ptr<ServiceLock>> LocalMemory::do_lock_release(std::string_view service,
                                                                  const Deadline& deadline) {
  return take_lock(service, ".release", deadline);
}

}  // namespace cdctl::local
