#include "plugins/local/cgroup.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::local {

namespace fs = std::filesystem;

namespace {

std::optional<bool> find_event(std::string_view text, std::string_view key) {
  for (auto line : lines(text))
    if (take_until(line, ' ') == key) return line == "1";
  return {};
}

/// `/a b` for `/a\040b`, as mountinfo writes it.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::optional<fs::path> Cgroup::parse_parent(std::string_view mountinfo, std::string_view cgroup) {
  std::string own;
  for (const auto line : lines(cgroup))
    if (own.empty() && line.starts_with("0::/")) own = line.substr(3);
  if (own.empty() || own.starts_with("/..")) return {};
  for (auto line : lines(mountinfo)) {
    const auto dash = line.find(" - cgroup2 ");
    if (dash == std::string_view::npos) continue;
    for (int field = 0; field < 3; ++field) (void)take_until(line, ' ');
    const auto root = unescape(take_until(line, ' '));
    const auto mount = unescape(take_until(line, ' '));
    if (root == "/") return (fs::path(mount) / own.substr(1)).lexically_normal();
    if (own == root || own.starts_with(root + "/")) {
      return (fs::path(mount) / own.substr(std::min(root.size() + 1, own.size())))
          .lexically_normal();
    }
  }
  return {};
}

std::optional<fs::path> Cgroup::parent() {
  if (std::getenv("CDCTL_TEST_NO_CGROUP")) return {};
  const auto mountinfo = read_file("/proc/self/mountinfo");
  const auto cgroup = read_file("/proc/self/cgroup");
  if (!mountinfo || !cgroup) return {};
  auto path = parse_parent(*mountinfo, *cgroup);
  if (path && !path->has_filename()) path = path->parent_path();
  if (path && ::access(path->c_str(), W_OK) == 0) return path;
  return {};
}

bool Cgroup::there() const {
  struct stat info{};
  return ::stat(path_.c_str(), &info) == 0;
}

Result<> Cgroup::create() const {
  if (::mkdir(path_.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail(fmt::format("making the cgroup {}: {}", path_.string(), errno_text(errno)));
  }
  for (const char* file : {"cgroup.freeze", "cgroup.kill", "cgroup.procs"}) {
    if (::access((path_ / file).c_str(), W_OK) == 0) continue;
    ::rmdir(path_.c_str());
    return fail(fmt::format("the cgroup {} has no {} for us", path_.string(), file));
  }
  return {};
}

Result<Fd> Cgroup::entrance() const {
  Fd fd(::open((path_ / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid())
    return fail(fmt::format("opening {}/cgroup.procs: {}", path_.string(), errno_text(errno)));
  return fd;
}

Result<> Cgroup::write(const char* file, const char* text) const {
  const Fd fd(::open((path_ / file).c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.valid() && ::write(fd.get(), text, 1) == 1) return {};
  return fail(fmt::format("writing {}/{}: {}", path_.string(), file, errno_text(errno)));
}

std::optional<bool> Cgroup::event(std::string_view key) const {
  const auto text = read_file(path_ / "cgroup.events");
  return text ? find_event(*text, key) : std::nullopt;
}

Result<> Cgroup::wait_for(std::string_view key, bool value, const Deadline& deadline) const {
  const Fd fd(::open((path_ / "cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid())
    return fail(fmt::format("opening {}/cgroup.events: {}", path_.string(), errno_text(errno)));
  for (;;) {
    char text[256];
    const auto got = ::pread(fd.get(), text, sizeof text, 0);
    if (got < 0 && errno == ENODEV) return {};  // removed meanwhile: nothing is in it any more
    if (got > 0 && find_event(std::string_view(text, static_cast<std::size_t>(got)), key) == value)
      return {};
    if (deadline.passed()) {
      return fail(ExitCode::timeout, fmt::format("the cgroup {} did not become {}={} in time",
                                                 path_.string(), key, value ? 1 : 0));
    }
    // The kernel announces a change; look again after 100 ms all the same
    struct pollfd change{fd.get(), POLLPRI, 0};
    ::poll(&change, 1, static_cast<int>(std::min(deadline.left(), Millis(100)).count()));
  }
}

Result<> Cgroup::freeze(bool on, const Deadline& deadline) const {
  CDCTL_TRY(write("cgroup.freeze", on ? "1" : "0"));
  // An empty cgroup is frozen by the kernel's word as well, so that waiting is right for both
  return wait_for("frozen", on, deadline);
}

Result<> Cgroup::kill(const Deadline& deadline) const {
  if (!there()) return {};
  CDCTL_TRY(write("cgroup.kill", "1"));
  return wait_for("populated", false, deadline);
}

std::vector<pid_t> Cgroup::members() const {
  std::vector<pid_t> out;
  const auto add = [&out](const fs::path& folder) {
    const auto text = read_file(folder / "cgroup.procs");
    if (!text) return;
    for (const auto line : lines(*text)) {
      pid_t pid = 0;
      if (std::from_chars(line.data(), line.data() + line.size(), pid).ec == std::errc() && pid > 0)
        out.push_back(pid);
    }
  };
  add(path_);
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(path_, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_directory(error) && !error) add(it->path());
  }
  return out;
}

Result<> Cgroup::remove() const {
  std::vector<fs::path> folders{path_};
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(path_, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_directory(error) && !error) folders.push_back(it->path());
  }
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    if (::rmdir(folder->c_str()) == 0 || errno == ENOENT) continue;
    return fail(fmt::format("removing the cgroup {}: {}", folder->string(), errno_text(errno)));
  }
  return {};
}

}  // namespace cdctl::local
