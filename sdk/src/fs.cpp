#include <cdctl/fs.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace cdctl {

namespace fs = std::filesystem;

void Fd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string errno_text(int error) { return std::strerror(error); }

namespace {

std::unexpected<Error> file_error(std::string_view doing, const fs::path& path, int error) {
  return fail(fmt::format("{} {}: {}", doing, path.string(), errno_text(error)));
}

/// Opens regular files alone. The file is looked at before it is opened, since to open a device can
/// be to use it, and again after, for it may be another by then. A FIFO is not waited for. Invalid,
/// with errno, when it cannot be opened.
Result<Fd> open_to_read(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return Fd();
  const auto refuse = [&] {
    return fail(fmt::format("reading {}: not a regular file", path.string()));
  };
  if (!S_ISREG(info.st_mode)) return refuse();
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return fd;
  if (::fstat(fd.get(), &info) != 0) return file_error("reading", path, errno);
  if (!S_ISREG(info.st_mode)) return refuse();
  return fd;
}

Result<std::string> read_all(int fd, const fs::path& path, std::size_t most) {
  const auto too_large = [&] {
    return fail(fmt::format("reading {}: larger than {} bytes", path.string(), most));
  };
  struct stat info{};
  if (::fstat(fd, &info) != 0) return file_error("reading", path, errno);
  const auto said = static_cast<std::size_t>(std::max<off_t>(info.st_size, 0));  // 0 in /proc
  if (said > most) return too_large();
  std::string out;
  out.reserve(said);
  char buffer[1 << 16];
  for (;;) {
    const auto got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("reading", path, errno);
    if (got == 0) return out;
    out.append(buffer, static_cast<std::size_t>(got));
    if (out.size() > most) return too_large();
  }
}

}  // namespace

Result<Fd> open_regular_file(const fs::path& path) {
  CDCTL_TRY_ASSIGN(auto fd, open_to_read(path));
  if (!fd.valid()) return file_error("opening", path, errno);
  return fd;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

Result<std::string> read_file(const fs::path& path, std::size_t most) {
  CDCTL_TRY_ASSIGN(const auto fd, open_regular_file(path));
  return read_all(fd.get(), path, most);
}

Result<std::optional<std::string>> read_file_if_there(const fs::path& path) {
  CDCTL_TRY_ASSIGN(const auto fd, open_to_read(path));
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return file_error("opening", path, errno);
  }
  CDCTL_TRY_ASSIGN(auto text, read_all(fd.get(), path, 64u << 20));
  return std::optional(std::move(text));
}

Result<> write_file_atomically(const fs::path& path, std::string_view bytes, unsigned mode) {
  auto beside = path;
  beside += fmt::format(".{}.new", ::getpid());
  Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.valid()) return file_error("creating", beside, errno);
  const auto give_up = [&](std::unexpected<Error> error) {
    ::unlink(beside.c_str());
    return error;
  };
  if (::fchmod(fd.get(), mode) != 0)
    return give_up(file_error("changing the mode of", beside, errno));
  if (!write_all(fd.get(), bytes)) return give_up(file_error("writing", beside, errno));
  if (::fsync(fd.get()) != 0) return give_up(file_error("writing", beside, errno));
  if (::rename(beside.c_str(), path.c_str()) != 0)
    return give_up(file_error("renaming to", path, errno));
  const auto folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (const Fd dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); dir.valid())
    ::fsync(dir.get());
  return {};
}

Result<> make_directories(const fs::path& path, unsigned mode) {
  if (path.empty()) return {};
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == EEXIST) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return {};
    return fail(
        fmt::format("creating {}: something that is not a folder is in the way", path.string()));
  }
  if (errno != ENOENT || path.parent_path() == path) return file_error("creating", path, errno);
  CDCTL_TRY(make_directories(path.parent_path(), mode));
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return file_error("creating", path, errno);
}

Result<> remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error ==
      std::errc::permission_denied) {  // a checkout may hold folders without write permission
    std::error_code ignored;
    for (auto it = fs::recursive_directory_iterator(
             path, fs::directory_options::skip_permission_denied, ignored);
         !ignored && it != fs::recursive_directory_iterator(); it.increment(ignored))
      if (it->is_directory(ignored) && !it->is_symlink(ignored))
        fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    fs::remove_all(path, error);
  }
  if (error) return fail(fmt::format("removing {}: {}", path.string(), error.message()));
  return {};
}

}  // namespace cdctl
