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

Result<> Cgroup::write(const char* file, std::string_view text) const {
  const Fd fd(::open((path_ / file).c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.valid() && ::write(fd.get(), text.data(), text.size()) == std::ssize(text)) return {};
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

namespace {

void add_members(const fs::path& folder, std::vector<pid_t>& out) {
  const auto text = read_file(folder / "cgroup.procs");
  if (!text) return;
  for (const auto line : lines(*text)) {
    pid_t pid = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), pid).ec == std::errc() && pid > 0)
      out.push_back(pid);
  }
}

}  // namespace

std::vector<pid_t> Cgroup::own_members() const {
  std::vector<pid_t> out;
  add_members(path_, out);
  return out;
}

bool Cgroup::is_root() const { return ::access((path_ / "cgroup.type").c_str(), F_OK) != 0; }

std::vector<std::string> Cgroup::words_of(const char* file) const {
  std::vector<std::string> out;
  const auto text = read_file(path_ / file);
  if (!text) return out;
  for (auto rest = trimmed(*text); !rest.empty();) out.emplace_back(take_until(rest, ' '));
  return out;
}

Result<> Cgroup::delegate(const std::vector<std::string>& controllers) const {
  for (std::size_t i = 0; i < controllers.size(); ++i) {
    auto done = write("cgroup.subtree_control", "+" + controllers[i]);
    if (done) continue;
    // With one of them given nobody could enter it: all or none
    while (i-- > 0) (void)write("cgroup.subtree_control", "-" + controllers[i]);
    return done;
  }
  return {};
}

Result<> Cgroup::limit(const UnitLimit& limit) const {
  constexpr std::int64_t k_period_us = 100'000;
  if (limit.memory > 0) {
    CDCTL_TRY(write("memory.max", std::to_string(limit.memory)));
    CDCTL_TRY(write("memory.oom.group", "1"));
  }
  if (limit.cpu > 0)
    CDCTL_TRY(write("cpu.max", fmt::format("{} {}", limit.cpu * k_period_us / 1000, k_period_us)));
  return {};
}

std::int64_t Cgroup::oom_kills() const {
  const auto text = read_file(path_ / "memory.events");
  if (!text) return 0;
  for (auto line : lines(*text)) {
    if (take_until(line, ' ') != "oom_kill") continue;
    std::int64_t count = 0;
    std::from_chars(line.data(), line.data() + line.size(), count);
    return count;
  }
  return 0;
}

std::vector<pid_t> Cgroup::members() const {
  std::vector<pid_t> out;
  add_members(path_, out);
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(path_, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_directory(error) && !error) add_members(it->path(), out);
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
