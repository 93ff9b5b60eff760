#include "cli/setup/new_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

constexpr int k_draft_digits = 8;

std::string draft_prefix(const fs::path& path) {
  return fmt::format(".{}.", path.filename().string());
}

/// `.NAME.` and eight digits; what an older cdctl was killed at has `.PID.new` behind them.
bool is_draft(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() < prefix.size() + k_draft_digits) return false;
  const auto digits = name.substr(prefix.size(), k_draft_digits),
             rest = name.substr(prefix.size() + k_draft_digits);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         (rest.empty() || (rest.starts_with('.') && rest.ends_with(".new")));
}

std::unexpected<Error> failed(const fs::path& path, int why) {
  return fail(fmt::format("making {}: {}", path.string(), errno_text(why)));
}

/// A draft that is locked by its writer until the end, so that no other takes it for an abandoned
/// one.
struct Draft {
  Fd file;
  fs::path path;
  ~Draft() {
    if (file.valid()) ::unlink(path.c_str());
  }
};

/// Who tidies up may have the new draft before its writer has locked it, and removes it: then
/// another name is taken.
Result<> begin(Draft& draft, const fs::path& path) {
  for (int tries = 0; tries < 100; ++tries) {
    draft.path = path.parent_path() / (draft_prefix(path) + random_hex(k_draft_digits / 2));
    draft.file =
        Fd(::open(draft.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!draft.file.valid()) return failed(path, errno);
    struct stat info{};
    if (::flock(draft.file.get(), LOCK_EX | LOCK_NB) == 0 &&
        ::fstat(draft.file.get(), &info) == 0 && info.st_nlink > 0)
      return {};
  }
  return fail(fmt::format("making {}: others remove its drafts; run it again", path.string()));
}

Result<> fill(const Draft& draft, const fs::path& path, std::string_view bytes, unsigned mode) {
  if (!write_all(draft.file.get(), bytes) || ::fchmod(draft.file.get(), mode) != 0 ||
      ::fsync(draft.file.get()) != 0)
    return failed(path, errno);
  return {};
}

}  // namespace

void remove_drafts(const fs::path& path) {
  const auto prefix = draft_prefix(path);
  std::error_code error;
  for (fs::directory_iterator at(path.parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    if (!is_draft(at->path().filename().string(), prefix)) continue;
    const Fd file(::open(at->path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info{};
    if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_uid != ::geteuid())
      continue;
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0)
      ::unlink(at->path().c_str());  // a killed writer holds no lock
  }
}

Result<bool> make_new_file(const fs::path& path, std::string_view bytes, unsigned mode) {
  remove_drafts(path);
  CDCTL_TRY_ASSIGN(const auto there, read_file_if_there(path));
  if (there && *there == bytes) return false;
  const auto taken = [&] {
    return fail(ExitCode::refused,
                fmt::format("{} is there already and stays as it is; edit it, or move it away",
                            path.string()));
  };
  if (there) return taken();
  Draft draft;
  CDCTL_TRY(begin(draft, path));
  CDCTL_TRY(fill(draft, path, bytes, mode));
  crash_point("init.draft");
  if (::link(draft.path.c_str(), path.c_str()) != 0) {  // unlike rename, it refuses what is there
    const int why = errno;
    return why == EEXIST ? Result<bool>(taken()) : Result<bool>(failed(path, why));
  }
  if (const Fd folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      folder.valid())
    ::fsync(folder.get());
  return true;
}

}  // namespace cdctl::cli
