#include <cdctl/lock.hpp>

#include <algorithm>
#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <fmt/format.h>

namespace cdctl {

Result<std::optional<FileLock>> FileLock::acquire(const std::filesystem::path& path,
                                                  const Deadline& deadline) {
  FileLock lock;
  lock.fd_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.fd_.valid())
    return fail(fmt::format("opening {}: {}", path.string(), errno_text(errno)));
  // flock has no deadline of its own: poll, with a pause that grows to 20 ms
  for (Millis pause(1);; pause = std::min(pause * 2, Millis(20))) {
    if (::flock(lock.fd_.get(), LOCK_EX | LOCK_NB) == 0) return std::optional(std::move(lock));
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail(fmt::format("locking {}: {}", path.string(), errno_text(errno)));
    if (deadline.passed()) return std::optional<FileLock>();
    std::this_thread::sleep_for(std::min(pause, deadline.left()));
  }
}

bool FileLock::held(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return false;
  // A shared try-lock fails while the holder has it exclusively. It is given back at once, on
  // close.
  return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<std::optional<OfdLock>> OfdLock::acquire(const std::filesystem::path& path,
                                                const Deadline& deadline, Kind kind) {
  OfdLock lock;
  lock.fd_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.fd_.valid())
    return fail(fmt::format("opening {}: {}", path.string(), errno_text(errno)));
  struct flock wanted{};
  wanted.l_type = kind == Kind::exclusive ? F_WRLCK : F_RDLCK;
  wanted.l_whence = SEEK_SET;
  // The blocking form knows no deadline: ask again, with a pause that grows to 10 ms.
  for (Millis pause(1);; pause = std::min(pause * 2, Millis(10))) {
    if (::fcntl(lock.fd_.get(), F_OFD_SETLK, &wanted) == 0) return std::optional(std::move(lock));
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      return fail(fmt::format("locking {}: {}", path.string(), errno_text(errno)));
    }
    if (deadline.passed()) return std::optional<OfdLock>();
    std::this_thread::sleep_for(std::min(pause, deadline.left()));
  }
}

Result<bool> OfdLock::held(int folder, const char* name) {
  const Fd fd(::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid()) {
    if (errno == ENOENT) return false;
    return fail(ExitCode::unknown, fmt::format("opening {}: {}", name, errno_text(errno)));
  }
  struct flock question{};
  question.l_type = F_WRLCK;
  question.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_OFD_GETLK, &question) != 0) {
    return fail(ExitCode::unknown,
                fmt::format("asking for the lock on {}: {}", name, errno_text(errno)));
  }
  return question.l_type != F_UNLCK;
}

bool OfdLock::still_at(const std::filesystem::path& path) const {
  struct stat ours{}, there{};
  return ::fstat(fd_.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

}  // namespace cdctl
