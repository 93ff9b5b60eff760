#pragma once

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>

namespace cdctl::test {

/// A TCP socket that listens on a free port of the loopback.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const auto* named = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(fd_.get(), named, size) != 0 || ::listen(fd_.get(), 64) != 0) std::abort();
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Fd fd_;
  int port_ = 0;
};

/// git's own http server program behind lighttpd, which gets its listening socket from us: no port
/// is guessed.
/// `/v2/…` as it is, `/v0/…` as an old server that knows no protocol version 2, `/auth/…` behind a
/// password,
/// `/moved/…` redirects to /v2/…, `/broken/…` answers 500.
class GitHttp {
 public:
  /// Empty when lighttpd or git-http-backend is not installed.
  static std::optional<std::string> missing() {
    if (!find_program("lighttpd") && !find_program("/usr/sbin/lighttpd"))
      return "lighttpd is not installed";
    if (!find_program(k_backend)) return "git-http-backend is not installed";
    return {};
  }

  GitHttp(const std::filesystem::path& folder, const std::filesystem::path& repositories) {
    const auto old = folder / "old-server", broken = folder / "broken-server";
    write(old,
          std::string("#!/bin/sh\nunset HTTP_GIT_PROTOCOL GIT_PROTOCOL\nexec ") + k_backend + "\n",
          0755);
    write(broken, "#!/bin/sh\nprintf 'Status: 500\\r\\n\\r\\nno'\n", 0755);
    write(folder / "passwords", "me:secret\n", 0600);
    const auto alias = [&](const std::string& prefix, const std::string& program) {
      return "\"" + prefix + "/\" => \"" + program + "/\",\n";
    };
    write(folder / "lighttpd.conf",
          "server.document-root = \"" + folder.string() +
              "\"\nserver.port = " + std::to_string(listener_.port()) +
              "\nserver.bind = \"127.0.0.1\"\nserver.systemd-socket-activation = "
              "\"enable\"\nserver.errorlog = \"" +
              (folder / "error.log").string() +
              "\"\nserver.modules = (\"mod_auth\", \"mod_authn_file\", \"mod_redirect\", "
              "\"mod_alias\", \"mod_setenv\", \"mod_cgi\")\n"
              "alias.url = (\n" +
              alias("/v2", k_backend) + alias("/auth", k_backend) + alias("/v0", old.string()) +
              alias("/broken", broken.string()) +
              ")\ncgi.assign = (\"\" => \"\")\n"
              "setenv.set-environment = (\"GIT_PROJECT_ROOT\" => \"" +
              repositories.string() +
              "\", \"GIT_HTTP_EXPORT_ALL\" => \"1\")\n"
              "url.redirect = (\"^/moved/(.*)$\" => \"/v2/$1\")\n"
              "auth.backend = \"plain\"\nauth.backend.plain.userfile = \"" +
              (folder / "passwords").string() +
              "\"\nauth.require = (\"/auth/\" => (\"method\" => \"basic\", \"realm\" => \"git\", "
              "\"require\" => \"valid-user\"))\n",
          0644);
    start(folder / "lighttpd.conf");
  }
  GitHttp(const GitHttp&) = delete;
  GitHttp& operator=(const GitHttp&) = delete;
  ~GitHttp() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(listener_.port()) + path;
  }

 private:
  static constexpr const char* k_backend = "/usr/lib/git-core/git-http-backend";
  static void write(const std::filesystem::path& file, const std::string& text, unsigned mode) {
    if (!write_file_atomically(file, text, mode)) std::abort();
  }
  /// Socket activation: descriptor 3, announced by LISTEN_FDS and LISTEN_PID. The pid is only known
  /// to the child itself.
  void start(const std::filesystem::path& conf) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::dup2(listener_.fd(), 3);
    ::fcntl(3, F_SETFD, 0);
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::execl("/usr/sbin/lighttpd", "lighttpd", "-D", "-f", conf.c_str(), nullptr);
    ::_exit(127);
  }

  Listener listener_;  // connections wait in its queue until the server is up, so nobody has to
  pid_t pid_ = -1;
};

}  // namespace cdctl::test
