#include "core/land/isolation.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <set>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "core/land/keyrings.hpp"

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

bool write_to(const char* path, std::string_view text) {
  const Fd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file.valid() && write_all(file.get(), text);
}

/// A user namespace with the others in it, in which we are these. We are still a copy of who has
/// the secrets, and so nobody may look into us any longer than these files cannot be opened
/// otherwise.
bool enter_namespaces(int flags, uid_t inside_user, gid_t inside_group) {
  const auto user = ::geteuid();
  const auto group = ::getegid();
  if (::unshare(CLONE_NEWUSER | flags) != 0) return false;
  (void)::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  (void)write_to("/proc/self/setgroups", "deny");
  const bool done = write_to("/proc/self/uid_map", fmt::format("{} {} 1", inside_user, user)) &&
                    write_to("/proc/self/gid_map", fmt::format("{} {} 1", inside_group, group));
  keep_memory_private();
  return done;
}

/// Whether a child of ours gets through it.
template <class Try>
bool child_can(Try attempt) {
  const auto child = ::fork();
  if (child == 0) ::_exit(attempt() ? 0 : 1);
  int status = 1;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Terminals of its own are given to a namespace that has a root only. A user is root there first,
/// and themselves again in another one within.
bool can_be_root_first() {
  return child_can([user = ::geteuid(), group = ::getegid()] {
    return enter_namespaces(0, 0, 0) && enter_namespaces(0, user, group);
  });
}

constexpr int k_always = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC;

/// A test may talk to itself over the loopback.
void raise_loopback() {
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct ifreq request{};
  std::copy_n("lo", 3, request.ifr_name);
  request.ifr_flags = IFF_UP;
  if (any.valid()) (void)::ioctl(any.get(), SIOCSIFFLAGS, &request);
}

bool is_below(const fs::path& path, const fs::path& folder) {
  return std::ranges::mismatch(folder, path).in1 == folder.end();
}

/// What a process sees of the file system once it has a mount namespace of its own.
class View {
 public:
  explicit View(const SandboxJob& job) : job_(job) {}

  /// An empty folder in the place of each, nothing in that of a file; what is needed is put back
  /// where one of them held it.
  bool hide() {
    const Fd work(::open(job_.work.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::error_code error;
    const auto names = fs::canonical("/etc/resolv.conf", error);  // often a link to below /run
    const Fd servers(job_.network && !error ? ::open(names.c_str(), O_PATH | O_CLOEXEC) : -1);
    const Fd nothing(::open("/dev/null", O_PATH | O_CLOEXEC));
    if (!work.valid() || !nothing.valid()) return false;
    for (const auto& path : job_.hidden) {
      struct stat info{};
      if (::stat(path.c_str(), &info) != 0) continue;  // not there, or hidden with one above it
      const bool folder = S_ISDIR(info.st_mode);
      if (folder ? !mount_empty(path, "mode=0700") : !put(nothing, path)) return false;
    }
    for (const auto& path : job_.sockets)  // it may go, or be hidden already, and no harm is done
      if (struct stat info{}; ::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode))
        (void)put(nothing, path);
    if (servers.valid() && is_hidden(names)) {
      fs::create_directories(names.parent_path(), error);
      const Fd there(::open(names.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      (void)put(servers, names);
    }
    if (is_hidden(job_.work)) fs::create_directories(job_.work, error);
    return put(work, job_.work) && (writable_.push_back(job_.work), true);
  }

  /// Processes of its own. Which keys others have is not told, and where it is root, what root may
  /// set there is not for it.
  bool mount_processes() {
    if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
      return false;
    writable_.emplace_back("/proc");
    const Fd nothing(::open("/dev/null", O_PATH | O_CLOEXEC));
    for (const char* told : {"/proc/keys", "/proc/key-users"})
      if (::access(told, F_OK) == 0 && !put(nothing, told)) return false;
    if (::geteuid() != 0) return true;
    for (const char* part :
         {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"})
      if (::access(part, F_OK) == 0 && ::mount(part, part, nullptr, MS_BIND, nullptr) != 0)
        return false;
    return true;
  }

  /// Root could write to a disk past its files, and anybody to a terminal of theirs, and read what
  /// is typed there: a test gets the devices that every program knows, and terminals of its own. A
  /// file system that can only be read does not keep it from any other.
  bool limit_devices() {
    static constexpr std::array k_names{"null", "zero", "full", "random", "urandom", "tty"};
    std::array<Fd, k_names.size()> devices;
    const fs::path folder("/dev");
    for (std::size_t i = 0; i < k_names.size(); ++i)
      devices[i] = Fd(::open((folder / k_names[i]).c_str(), O_PATH | O_CLOEXEC));
    if (!mount_empty(folder, "mode=0755")) return false;
    for (std::size_t i = 0; i < k_names.size(); ++i) {
      const auto path = folder / k_names[i];
      const Fd there(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      if (devices[i].valid()) (void)put(devices[i], path);
    }
    std::error_code error;
    for (const auto& [name, to] : {std::pair{"fd", "/proc/self/fd"},
                                   {"stdin", "/proc/self/fd/0"},
                                   {"stdout", "/proc/self/fd/1"},
                                   {"stderr", "/proc/self/fd/2"},
                                   {"ptmx", "pts/ptmx"}})
      fs::create_symlink(to, folder / name, error);
    fs::create_directory(folder / "shm", error);
    fs::create_directory(folder / "pts", error);
    if (::mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                "newinstance,ptmxmode=0666,mode=0620") == 0)
      writable_.emplace_back("/dev/pts");
    return mount_empty(folder / "shm", "mode=1777");
  }

  /// All but what was made here can only be read. Needs Linux 5.12.
  bool make_read_only() {
    struct mount_attr all{};
    all.attr_set = MOUNT_ATTR_RDONLY;
    if (::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &all, sizeof all) != 0) return false;
    bool done = true;
    for (const auto& path : writable_) {
      struct mount_attr own{};
      own.attr_clr = MOUNT_ATTR_RDONLY;
      done = ::mount_setattr(AT_FDCWD, path.c_str(), 0, &own, sizeof own) == 0 && done;
    }
    return done;
  }

 private:
  /// In memory, and so with a bound: what is large belongs into the test's own folder.
  bool mount_empty(const fs::path& folder, std::string_view mode) {
    const auto options = fmt::format("{},size=256m,nr_inodes=65536", mode);
    if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
      return false;
    writable_.push_back(folder);
    return true;
  }
  static bool put(const Fd& what, const fs::path& at) {
    return ::mount(fmt::format("/proc/self/fd/{}", what.get()).c_str(), at.c_str(), nullptr,
                   MS_BIND | MS_REC, nullptr) == 0;
  }
  bool is_hidden(const fs::path& path) const {
    return std::ranges::any_of(job_.hidden,
                               [&](const fs::path& folder) { return is_below(path, folder); });
  }

  const SandboxJob& job_;
  std::vector<fs::path> writable_;
};

/// No capability, and no way to one: what we have mounted stays mounted.
void drop_privileges() {
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  for (int one = 0; one <= CAP_LAST_CAP; ++one) (void)::prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  struct __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2]{};
  (void)::syscall(SYS_capset, &head, none);
}

/// Waits for `child`, and for whatever else comes to us, and ends as it did.
[[noreturn]] void end_with(pid_t child) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_IGN);
  for (;;) {
    int status = 0;
    const auto got = ::waitpid(-1, &status, 0);
    if (got == child) ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    if (got < 0 && errno != EINTR) ::_exit(1);
  }
}

/// Goes on in a child; we stay for its end.
void go_on_in_child() {
  const auto child = ::fork();
  if (child < 0) ::_exit(125);
  if (child > 0) end_with(child);
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

}  // namespace

void keep_memory_private() { (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

void give_up_looking_into_others() {
  (void)::prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0);
  struct __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct ours[2]{};
  if (::syscall(SYS_capget, &head, ours) != 0) return;
  const auto others = ~CAP_TO_MASK(CAP_SYS_PTRACE);
  auto& low = ours[CAP_TO_INDEX(CAP_SYS_PTRACE)];
  low.effective &= others;
  low.permitted &= others;
  low.inheritable &= others;
  (void)::syscall(SYS_capset, &head, ours);
}

bool can_isolate() {
  return child_can(
      [] { return enter_namespaces(k_always | CLONE_NEWNET, ::geteuid(), ::getegid()); });
}

std::vector<fs::path> sockets_in(std::string_view table) {
  constexpr std::size_t k_before = 7;  ///< columns in front of the path
  constexpr std::size_t k_most = 4096;
  std::set<fs::path> out;
  for (auto line : lines(table)) {
    for (std::size_t i = 0; i < k_before; ++i) {
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      line.remove_prefix(std::min(line.find(' '), line.size()));
    }
    if (!line.empty()) line.remove_prefix(1);
    if (line.starts_with('/') && !line.starts_with("/var/lib/sss/pipes/nss") && out.size() < k_most)
      out.emplace(line);
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> isolate(const SandboxJob& job) {
  std::vector<std::string> out;
  const auto user = ::geteuid();
  const auto group = ::getegid();
  const bool root_first = user != 0 && can_be_root_first();
  if (!enter_namespaces(k_always | (job.network ? 0 : CLONE_NEWNET), root_first ? 0 : user,
                        root_first ? 0 : group))
    return out;
  go_on_in_child();  // the first process of the new ones: all others end with it
  if (!job.network) {
    raise_loopback();
    out.emplace_back("network");
  }
  (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  View view(job);
  const bool hidden = view.hide();
  if (hidden) out.emplace_back("home");
  if (view.mount_processes()) out.emplace_back("processes");
  const bool limited = view.limit_devices();
  if (hidden && limited && view.make_read_only()) out.emplace_back("files");
  if (root_first) (void)enter_namespaces(0, user, group);
  drop_privileges();
  (void)forbid_keyrings();  // a kernel without seccomp: the session's was left before
  return out;
}

}  // namespace cdctl::land
