#include "core/land/isolation.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>

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

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

bool write_to(const char* path, std::string_view text) {
  const Fd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file.valid() && write_all(file.get(), text);
}

/// A user namespace in which we are who we are, with the others in it.
bool enter_namespaces(int flags) {
  const auto user = ::geteuid();
  const auto group = ::getegid();
  if (::unshare(CLONE_NEWUSER | flags) != 0) return false;
  (void)write_to("/proc/self/setgroups", "deny");
  return write_to("/proc/self/uid_map", fmt::format("{} {} 1", user, user)) &&
         write_to("/proc/self/gid_map", fmt::format("{} {} 1", group, group));
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

/// An empty folder in the place of each; the work folder is put back where one of them held it.
bool hide(const SandboxJob& job) {
  const Fd work(::open(job.work.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!work.valid()) return false;
  bool gone = false;
  for (const auto& folder : job.hidden) {
    struct stat info{};
    if (::stat(folder.c_str(), &info) != 0) continue;  // not there, or hidden with one above it
    if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") != 0)
      return false;
    gone = gone || is_below(job.work, folder);
  }
  if (!gone) return true;
  std::error_code error;
  fs::create_directories(job.work, error);
  return ::mount(fmt::format("/proc/self/fd/{}", work.get()).c_str(), job.work.c_str(), nullptr,
                 MS_BIND | MS_REC, nullptr) == 0;
}

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

bool can_isolate() {
  const auto child = ::fork();
  if (child == 0) ::_exit(enter_namespaces(k_always | CLONE_NEWNET) ? 0 : 1);
  int status = 1;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::vector<std::string> isolate(const SandboxJob& job) {
  std::vector<std::string> out;
  if (!enter_namespaces(k_always | (job.network ? 0 : CLONE_NEWNET))) return out;
  go_on_in_child();  // the first process of the new ones: all others end with it
  if (!job.network) {
    raise_loopback();
    out.emplace_back("network");
  }
  (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (hide(job)) out.emplace_back("home");
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0)
    out.emplace_back("processes");
  drop_privileges();
  go_on_in_child();  // the first process takes no signal that it does not ask for
  return out;
}

}  // namespace cdctl::land
