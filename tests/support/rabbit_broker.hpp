#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "tests/support/test_host.hpp"

extern char** environ;

namespace cdctl::test {

/// Waits until `done` says so; false when it never did. For what another process does in its own
/// time.
template <class F>
bool eventually(F&& done, Millis within = Millis(10'000)) {
  for (const Deadline deadline(within); !deadline.passed(); ::usleep(2000))
    if (done()) return true;
  return done();
}

/// A program that runs beside the test and is ended with the object.
class Beside {
 public:
  explicit Beside(std::vector<std::string> argv,
                  const std::map<std::string, std::string>& env = {}) {
    std::vector<char*> arguments;
    for (auto& word : argv) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::vector<std::string> texts;
    for (char** at = environ; *at; ++at) texts.emplace_back(*at);
    for (const auto& [name, value] : env) texts.push_back(name + "=" + value);
    std::vector<char*> variables;
    for (auto& text : texts) variables.push_back(text.data());
    variables.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {1, 2})
      posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
    if (::posix_spawnp(&pid_, argv[0].c_str(), &actions, nullptr, arguments.data(),
                       variables.data()) != 0)
      pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  Beside(Beside&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ~Beside() { (void)end(SIGKILL); }
  void signal(int number) const { ::kill(pid_, number); }
  /// Ends it with a signal and gives its wait status.
  int end(int number) {
    if (pid_ <= 0) return 0;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, number);
    return wait();
  }
  int wait() {
    int status = 0;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  bool running() {
    if (pid_ <= 0) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
    pid_ = -1;
    return false;
  }

 private:
  pid_t pid_ = -1;
};

/// A broker that a test may use, and a virtual host of its own on it, gone with the object.
class Broker {
 public:
  using Env = std::map<std::string, std::string>;

  static Env read_env(const std::filesystem::path& file) {
    Env env;
    std::istringstream lines(read_file(file).value_or(""));
    for (std::string line; std::getline(lines, line);)
      if (const auto equals = line.find('='); equals != std::string::npos)
        env[line.substr(0, equals)] = line.substr(equals + 1);
    return env;
  }
  /// The broker of the ctest run, or the one that $CDCTL_TEST_BROKER_ENV describes.
  static Env shared_env() {
    const char* given = std::getenv("CDCTL_TEST_BROKER_ENV");
    auto env = read_env(given ? given : CDCTL_BUILD_DIR "/tests/broker.env");
    if (!env.contains("HTTP_PORT"))
      throw std::runtime_error("no broker: run through ctest, or set CDCTL_TEST_BROKER_ENV");
    return env;
  }

  explicit Broker(Env env = shared_env(), const std::string& scheme = "",
                  const std::string& ca = "")
      : env_(std::move(env)), host_(home_.path() / "home") {
    const bool tls = !scheme.empty();
    (void)write_file_atomically(home_.path() / "password", "guest\n", 0600);
    host_.config_value.file = home_.path() / "cdctl.toml";
    management_ = (tls ? "https://localhost:" : "http://127.0.0.1:") + env_["HTTP_PORT"];
    host_.config_value.table = Json::object(
        {{"rabbit", Json::object({{"management", management_},
                                  {"amqp", (tls ? "amqps://localhost:" : "amqp://127.0.0.1:") +
                                               env_["AMQP_PORT"]},
                                  {"vhost", vhost_},
                                  {"user", "guest"},
                                  {"password_file", "password"}})}});
    if (tls) host_.config_value.table.find("rabbit")->set("ca_file", ca);
    ca_ = ca;
    must("PUT", "/vhosts/" + vhost_, Json::object());
  }
  ~Broker() {
    for (const auto& user : users_) (void)api("DELETE", "/users/" + user);
    const auto parameters = api("GET", "/global-parameters").second;
    for (const auto& parameter : parameters.items())
      if (parameter["name"].view().contains(service_))
        (void)api("DELETE", "/global-parameters/" + parameter["name"].as_string());
    (void)api("DELETE", "/vhosts/" + vhost_);
  }

  TestHost& host() { return host_; }
  [[nodiscard]] Json& table() { return *host_.config_value.table.find("rabbit"); }
  [[nodiscard]] const std::string& vhost() const { return vhost_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return home_.path(); }
  [[nodiscard]] const std::string& port() { return env_["AMQP_PORT"]; }
  [[nodiscard]] Env& env() { return env_; }

  /// A service that no other test has, and sets of it.
  [[nodiscard]] ServiceConfig service(Json rabbit = Json::object()) const {
    ServiceConfig service;
    service.name = service_;
    service.file = "services.d/" + service_ + ".toml";
    service.table = Json::object({{"rabbit", std::move(rabbit)}});
    return service;
  }
  [[nodiscard]] SetName set(int number) {
    SetName name{service_, fmt::format("r{:010x}", number)};
    users_.push_back(name.str());
    return name;
  }
  /// A service with one quorum queue, named for it.
  [[nodiscard]] ServiceConfig queue_service() const {
    return service(
        Json::object({{"queues", Json::object({{service_, Json::object({{"type", "quorum"}})}})},
                      {"publish", Json::array({""})}}));
  }
  [[nodiscard]] const std::string& queue() const { return service_; }

  /// The management API as an administrator: status and body.
  std::pair<int, Json> api(const std::string& method, const std::string& path,
                           const Json& body = {}, const std::string& user = "guest",
                           const std::string& password = "guest") {
    HttpRequest request;
    request.method = method;
    request.url = management_ + "/api" + path;
    request.user = user;
    request.password = password;
    request.ca_file = ca_;
    request.headers = {{"Content-Type", "application/json"}};
    if (!body.is_null()) request.body = body.dump();
    auto response = (*host_.http())->send(request);
    if (!response) throw std::runtime_error(response.error().what);
    return {response->status, Json::parse(response->body).value_or(Json())};
  }
  Json must(const std::string& method, const std::string& path, const Json& body = {}) {
    auto [status, json] = api(method, path, body);
    if (status < 200 || status > 299)
      throw std::runtime_error(fmt::format("{} {}: {} {}", method, path, status, json.dump()));
    return json;
  }
  /// Names of the open connections of a set's user.
  std::size_t connected(const SetName& set) {
    return api("GET", "/connections/username/" + set.str()).second.items().size();
  }
  /// The limit of a set's user; -1 = none.
  std::int64_t limit(const SetName& set) {
    return api("GET", "/users/" + set.str()).second["limits"]["max-connections"].as_int(-1);
  }
  /// A worker: amqp-consume with the set's own URL, which runs `command` with each message on its
  /// stdin.
  Beside worker(const std::string& url, const std::vector<std::string>& command = {"cat"},
                int prefetch = 5) {
    std::vector<std::string> argv{"amqp-consume",           "-u", url, "-q", queue(), "-p",
                                  std::to_string(prefetch), "--"};
    if (prefetch == 0) argv.erase(argv.begin() + 5, argv.begin() + 7);
    argv.insert(argv.end(), command.begin(), command.end());
    return Beside(argv);
  }

 private:
  static std::string word() {
    std::string text = "t";
    for (const char c : random_hex(5))
      text += static_cast<char>(c <= '9' ? c - '0' + 'g' : c);  // letters only
    return text;
  }
  TempDir home_;
  Env env_;
  TestHost host_;
  std::string management_, ca_, service_ = word(), vhost_ = "v-" + service_;
  std::vector<std::string> users_;
};

}  // namespace cdctl::test
