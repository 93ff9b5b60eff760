#include "cli/top/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cdctl::cli {

namespace {

constexpr std::size_t k_piece = 256 * 1024;
constexpr std::size_t k_longest_line = 1 << 20;

struct Pipe {
  Fd read, write;
};
Result<Pipe> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(fmt::format("top: making a pipe: {}", errno_text(errno)));
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

Result<TopChild> TopChild::start(const std::vector<std::string>& words) {
  CDCTL_TRY_ASSIGN(auto out, make_pipe());
  CDCTL_TRY_ASSIGN(auto err, make_pipe());
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.write.get(), 2);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGTSTP, SIGWINCH})
    ::sigaddset(&defaults, signal);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
  std::string program = "/proc/self/exe", name = "cdctl";
  std::vector<char*> argv{name.data()};
  std::vector<std::string> copies = words;
  for (auto& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  TopChild child;
  const int error =
      ::posix_spawn(&child.pid_, program.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return fail(fmt::format("top: starting cdctl {}: {}", words.front(), errno_text(error)));
  child.out_ = std::move(out.read);
  child.err_ = std::move(err.read);
  return child;
}

TopChild& TopChild::operator=(TopChild&& other) noexcept {
  if (this == &other) return *this;
  end();
  pid_ = std::exchange(other.pid_, 0);
  out_ = std::move(other.out_);
  err_ = std::move(other.err_);
  out_rest_ = std::move(other.out_rest_);
  err_rest_ = std::move(other.err_rest_);
  complaint_ = std::move(other.complaint_);
  return *this;
}

void TopChild::take_from(Fd& fd, std::string& rest, std::vector<std::string>& lines) {
  if (!fd.valid()) return;
  const auto had = rest.size();
  rest.resize(had + k_piece);
  const auto got = ::read(fd.get(), rest.data() + had, k_piece);
  const bool nothing_yet = got < 0 && (errno == EAGAIN || errno == EINTR);
  rest.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got <= 0 && !nothing_yet) fd.reset();
  std::size_t from = 0;
  for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', from)) {
    lines.push_back(rest.substr(from, end - from));
    from = end + 1;
  }
  rest.erase(0, from);
  if (rest.size() > k_longest_line) rest.clear();
}

void TopChild::take(std::vector<std::string>& lines) {
  take_from(out_, out_rest_, lines);
  std::vector<std::string> said;
  take_from(err_, err_rest_, said);
  if (!said.empty()) complaint_ = said.back();
  if (complaint_.starts_with("cdctl: ")) complaint_.erase(0, 7);
}

int TopChild::reap() {
  int status = 0;
  while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void TopChild::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  leave();
}

void TopChild::leave() {
  out_.reset();
  err_.reset();
  if (pid_ > 0) (void)::waitpid(pid_, nullptr, WNOHANG);  // else it is init's once we have gone
  pid_ = 0;
}

}  // namespace cdctl::cli
