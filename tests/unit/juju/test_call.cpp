#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>

#include "plugins/juju/client/access.hpp"
#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/private_data.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/status.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::juju;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

/// A controller in a folder, and the stand-in for juju first in PATH.
class Controller {
 public:
  explicit Controller(const std::string& trouble = {}, const std::string& version = "3.6") {
    const auto captures = fs::path(CDCTL_SOURCE_DIR "/tests/captures/juju");
    fs::copy_file(captures / "models-36.json", folder() / "models.json");
    fs::copy_file(captures / "status-36-machines.json", folder() / "status-thumbs.json");
    fs::copy_file(captures / "status-36-empty.json", folder() / "status-bare.json");
    fs::create_directories(folder() / "data/cookies");
    fs::create_directories(folder() / "private");
    write(folder() / "data/controllers.yaml", "controllers: {}\n");
    write(folder() / "data/accounts.yaml", "controllers: {}\n");
    write(folder() / "data/credentials.yaml", "the-cloud-key");
    write(folder() / "data/models.yaml", "stale");
    write(folder() / "data/aliases", "models = destroy-model\n");
    write(folder() / "data/cookies/attic.json", "[]");
    static const std::string path = std::getenv("PATH");
    ::setenv("PATH", (CDCTL_SOURCE_DIR "/tests/fakes:" + path).c_str(), 1);
    ::setenv("FAKE_JUJU", folder().c_str(), 1);
    ::setenv("FAKE_JUJU_CACHE", CDCTL_BUILD_DIR "/tests/pycache", 1);
    ::setenv("FAKE_JUJU_VERSION", version.c_str(), 1);
    ::setenv("FAKE_JUJU_TROUBLE", trouble.c_str(), 1);
    access.data = folder() / "data";
    access.private_parent = folder() / "private";
    access.timeout = std::chrono::seconds(20);
  }
  ~Controller() { ::unsetenv("FAKE_JUJU_TROUBLE"); }
  Controller(const Controller&) = delete;

  [[nodiscard]] const fs::path& folder() const { return dir_.path(); }
  [[nodiscard]] std::vector<Json> calls() const {
    std::ifstream in(folder() / "calls.ndjson");
    std::vector<Json> out;
    for (std::string line; std::getline(in, line);) out.push_back(Json::parse(line).value());
    return out;
  }
  [[nodiscard]] bool left_something() const { return !fs::is_empty(folder() / "private"); }
  Access access;

 private:
  test::TempDir dir_;
};

const Question k_models{"models"};
const Question k_status{"status", "-m", "admin/thumbs", "--utc", "--retry-count", "0"};

Asked<JujuAnswer> ask(const Controller& controller, const Question& question = k_models) {
  return juju_call(controller.access, question, "asking");
}

Finished failed(const std::string& err, int status = 1) {
  Finished out;
  out.status = status;
  out.out = "{}\n";
  out.err = err;
  return out;
}

}  // namespace

TEST_CASE("a question is asked in a folder of its own, which nobody else can read and which goes") {
  const Controller controller;
  const auto answer = ask(controller);
  REQUIRE(answer);
  CHECK(answer->json["models"].items().size() == 4);
  CHECK(answer->notes.empty());
  const auto calls = controller.calls();
  REQUIRE(calls.size() == 1);
  CHECK(calls[0]["argv"].dump() == R"(["--no-alias","models","--format","json","-B"])");
  CHECK(calls[0]["files"].dump() == R"(["accounts.yaml","controllers.yaml","cookies","tmp"])");
  CHECK(calls[0]["mode"].view() == "0o700");
  CHECK(calls[0]["stdin"].view().empty());
  CHECK(calls[0]["data"].view().starts_with((controller.folder() / "private").string()));
  CHECK_FALSE(controller.left_something());
}

TEST_CASE("an answer keeps what juju said beside it") {
  const Controller controller;
  const auto answer = ask(controller, {"status", "-m", "admin/bare"});
  REQUIRE(answer);
  CHECK(answer->notes == "Model \"admin/bare\" is empty.\n");
}

TEST_CASE("no trouble is an answer, and each says what to do") {
  struct Row {
    const char* trouble;
    const char* version;
    FailureKind kind;
    ExitCode exit;
    const char* words;
  };
  const auto row = GENERATE(values<Row>({
      {"logged-out", "2.9", FailureKind::not_allowed, ExitCode::unknown, "juju login"},
      {"logged-out", "3.6", FailureKind::not_allowed, ExitCode::unknown, "not logged in"},
      {"logged-out", "4.0", FailureKind::not_allowed, ExitCode::unknown, "juju login"},
      {"not-found", "3.6", FailureKind::gone, ExitCode::unknown, "does not prove"},
      {"dead", "3.6", FailureKind::unreachable, ExitCode::unknown, "connection refused"},
      {"signal", "3.6", FailureKind::other, ExitCode::unknown, "signal 9"},
      {"half-json", "3.6", FailureKind::garbled, ExitCode::unknown, "not valid JSON"},
      {"old-client", "2.9", FailureKind::version, ExitCode::unknown, "this client: 2.9.51"},
  }));
  INFO(row.trouble << " " << row.version);
  const Controller controller(row.trouble, row.version);
  const auto answer = ask(controller, k_status);
  REQUIRE_FALSE(answer);
  INFO(answer.error().error.what);
  CHECK(answer.error().kind == row.kind);
  CHECK(answer.error().error.exit == row.exit);
  CHECK(answer.error().error.what.starts_with("asking: "));
  CHECK(answer.error().error.what.contains(row.words));
  CHECK_FALSE(answer.error().error.what.contains('\n'));
  CHECK_FALSE(controller.left_something());
}

TEST_CASE("an empty object is an answer of juju and none to our questions") {
  const Controller controller("empty-object");
  const auto answer = ask(controller);
  REQUIRE(answer);
  CHECK_FALSE(parse_models(answer->json, answer->notes));
  CHECK_FALSE(parse_status(answer->json));
}

TEST_CASE("a model that is missing from the list is not gone") {
  const Controller controller("dropped-model");
  const auto answer = ask(controller);
  REQUIRE(answer);
  const auto models = parse_models(answer->json, answer->notes);
  REQUIRE(models);
  CHECK(models->models.size() == 3);
  CHECK(models->missing.contains("could not read the summary of model dim"));
}

TEST_CASE("a call ends at its deadline, whatever juju does") {
  const auto trouble = GENERATE("hang", "deaf", "slow:30");
  INFO(trouble);
  Controller controller(trouble);
  controller.access.timeout = std::chrono::milliseconds(1500);
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = ask(controller);
  const auto took = std::chrono::steady_clock::now() - begun;
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == FailureKind::unreachable);
  CHECK(answer.error().error.exit == ExitCode::unknown);
  CHECK(answer.error().error.what.starts_with("asking: no answer within 1s500ms; "));
  CHECK(took >= std::chrono::milliseconds(1500));
  CHECK(took < std::chrono::seconds(
                   10));  // the deadline, 2 s of grace for the one that is deaf, a busy machine
  CHECK_FALSE(controller.left_something());
}

TEST_CASE("a slow controller is waited for") {
  const Controller controller("slow:0.5");
  CHECK(ask(controller));
}

TEST_CASE("locks and lost connections are tried again, within the deadline") {
  const auto kind = GENERATE("lock", "shutdown");
  INFO(kind);
  {
    const Controller controller(std::string(kind) + "*2");
    CHECK(ask(controller));
    CHECK(controller.calls().size() == 3);
  }
  const Controller controller(kind);
  const auto answer = ask(controller);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind ==
        (std::string_view(kind) == "lock" ? FailureKind::local : FailureKind::unreachable));
  CHECK(answer.error().error.exit == ExitCode::unknown);
  CHECK(controller.calls().size() == 5);
}

TEST_CASE("other failures are not tried again") {
  const auto kind = GENERATE("dead", "not-found", "logged-out", "signal");
  const Controller controller(kind);
  CHECK_FALSE(ask(controller, k_status));
  CHECK(controller.calls().size() == 1);
}

TEST_CASE("repeats end with the deadline") {
  Controller controller("lock");
  controller.access.timeout = std::chrono::milliseconds(400);
  const auto begun = std::chrono::steady_clock::now();
  CHECK_FALSE(ask(controller));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
  CHECK(controller.calls().size() < 5);
}

TEST_CASE("many questions are asked four at a time, and answered in their order") {
  Controller controller("slow:0.6");
  std::vector<NamedQuestion> questions;
  for (int i = 0; i < 10; ++i)
    questions.push_back(
        {i % 2 ? Question{"status", "-m", "admin/bare"} : Question{"status", "-m", "nosuchmodel"},
         fmt::format("question {}", i)});
  const auto answers = juju_calls(controller.access, questions);
  REQUIRE(answers.size() == 10);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK(answers[i].has_value() == (i % 2 == 1));
    if (!answers[i])
      CHECK(answers[i].error().error.what.starts_with(fmt::format("question {}: ", i)));
    else
      CHECK(answers[i]->json["model"]["name"].view() == "bare");
  }
  std::int64_t most = 0;
  std::vector<std::string> folders;
  for (const auto& call : controller.calls()) {
    most = std::max(most, call["at_once"].as_int());
    folders.push_back(call["data"].as_string());
  }
  CHECK(most <= 4);
  CHECK(most >= 2);
  std::ranges::sort(folders);
  CHECK(std::ranges::adjacent_find(folders) == folders.end());
  CHECK_FALSE(controller.left_something());
}

TEST_CASE("a dead controller costs two rounds of deadlines and not one for each question") {
  Controller controller("hang");
  controller.access.timeout = std::chrono::milliseconds(1500);
  const std::vector<NamedQuestion> questions(40, {k_status, "asking"});
  const auto begun = std::chrono::steady_clock::now();
  const auto answers = juju_calls(controller.access, questions);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(13));
  CHECK(controller.calls().size() <= 8);
  CHECK(std::ranges::count_if(answers, [](const auto& answer) {
          return !answer && answer.error().kind == FailureKind::unreachable;
        }) == 40);
  CHECK(answers.back().error().error.what.contains("not asked"));
}

TEST_CASE("without Juju data nothing is started") {
  Controller controller;
  controller.access.data = controller.folder() / "nowhere";
  const auto answer = ask(controller);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().error.exit == ExitCode::config);
  CHECK(answer.error().error.what.contains("juju login"));
  CHECK(controller.calls().empty());
  CHECK_FALSE(controller.left_something());
}

TEST_CASE("without juju the error says how to get it") {
  const Controller controller;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const auto answer = ask(controller);
  ::setenv("PATH", path.c_str(), 1);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().error.exit == ExitCode::unknown);
  CHECK(answer.error().error.what.contains("snap install juju"));
}

TEST_CASE("what juju says is understood") {
  struct Row {
    const char* err;
    FailureKind trouble;
    ExitCode exit;
  };
  const auto row = GENERATE(values<Row>({
      {"ERROR model attic:admin/x not found\n", FailureKind::gone, ExitCode::unknown},
      {"ERROR model attic:admin/controller not found\n", FailureKind::gone, ExitCode::unknown},
      {"ERROR model \"admin/x\" has been removed from the controller, run 'juju models' and switch "
       "to one of them.\n",
       FailureKind::gone, ExitCode::unknown},
      {"ERROR model not found, it may have been destroyed during this operation\n",
       FailureKind::gone, ExitCode::unknown},
      {"ERROR controller barn not found\n", FailureKind::config, ExitCode::config},
      {"ERROR No controllers registered.\n\nPlease either create a new controller\n",
       FailureKind::config, ExitCode::config},
      {"ERROR cannot log in: invalid entity name or password (unauthorized access)\n",
       FailureKind::not_allowed, ExitCode::unknown},
      {"ERROR permission denied (unauthorized access)\n", FailureKind::not_allowed,
       ExitCode::unknown},
      {"ERROR controller \"attic\": not logged in\n", FailureKind::not_allowed, ExitCode::unknown},
      {"ERROR opening API connection: unable to connect to API: dial tcp: i/o timeout\n",
       FailureKind::unreachable, ExitCode::unknown},
      {"ERROR unable to open /tmp/juju-store-lock-3a: permission denied\n", FailureKind::local,
       ExitCode::unknown},
      {"ERROR model \"x\" for admin already exists (already exists)\n", FailureKind::exists,
       ExitCode::refused},
      {"ERROR cannot destroy model \"x\": persistent storage remaining\n", FailureKind::blocked,
       ExitCode::refused},
      {"ERROR juju client not compatible with server\n", FailureKind::version, ExitCode::unknown},
      {"ERROR patterns are not implemented (not implemented)\n", FailureKind::version,
       ExitCode::unknown},
      {"ERROR the moon is full\n", FailureKind::other, ExitCode::unknown},
      {"", FailureKind::other, ExitCode::unknown},
  }));
  INFO(row.err);
  const auto finished = failed(row.err);
  CHECK(classify(finished) == row.trouble);
  CHECK(explain(finished, "asking").exit == row.exit);
  CHECK_FALSE(worth_repeating(finished));
}

TEST_CASE("left copies are swept after an hour, and nothing else") {
  const test::TempDir dir;
  fs::create_directories(dir.path() / "cdctl-juju-old/cookies");
  fs::create_directories(dir.path() / "cdctl-juju-new");
  fs::create_directories(dir.path() / "other-old");
  for (const auto* old : {"cdctl-juju-old", "other-old"})
    fs::last_write_time(dir.path() / old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  sweep_private_data(dir.path());
  CHECK_FALSE(fs::exists(dir.path() / "cdctl-juju-old"));
  CHECK(fs::exists(dir.path() / "cdctl-juju-new"));
  CHECK(fs::exists(dir.path() / "other-old"));
}

TEST_CASE("the access is read from options, configuration and environment") {
  const test::TempDir dir;
  test::TestHost host(dir.path());
  host.config_value.file = dir.path() / "cdctl.toml";
  host.config_value.table =
      Json::object({{"juju", Json::object({{"controller", "attic"}, {"data", "jujudata"}})}});
  Arguments args;
  auto access = read_access(host, args);
  REQUIRE(access);
  CHECK(access->controller == "attic");
  CHECK(access->data == dir.path() / "jujudata");
  CHECK(access->timeout == std::chrono::seconds(20));
  args.options = {{"controller", {"barn"}}, {"timeout", {"3s"}}};
  access = read_access(host, args);
  REQUIRE(access);
  CHECK(access->controller == "barn");
  CHECK(access->timeout == std::chrono::seconds(3));
  host.config_value.table = {};
  ::setenv("JUJU_DATA", "/somewhere", 1);
  CHECK(read_access(host, {})->data == "/somewhere");
  ::unsetenv("JUJU_DATA");

  for (const auto& [option, value] :
       {std::pair{"controller", "-x"}, std::pair{"controller", "a/b"}, std::pair{"timeout", "0"},
        std::pair{"timeout", "11m"}, std::pair{"timeout", "soon"}}) {
    INFO(option << " " << value);
    args.options = {{option, {value}}};
    const auto refused = read_access(host, args);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().exit == ExitCode::usage);
  }
  for (const auto& bad : {Json::object({{"controller", "--debug"}}),
                          Json::object({{"controller", 3}}), Json::object({{"data", ""}})}) {
    host.config_value.table = Json::object({{"juju", bad}});
    const auto refused = read_access(host, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().exit == ExitCode::config);
  }
}
