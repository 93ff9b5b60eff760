#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <map>

#include <cdctl/set_name.hpp>

#include "cli/output/output.hpp"
#include "core/app/context.hpp"
#include "core/probe/checks.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::probe;
using cdctl::test::FakeHttp;
using cdctl::test::TempDir;

namespace {

ServiceConfig service_with(const std::string& checks) {
  ServiceConfig service;
  service.name = "thumbs";
  service.file = "services.d/thumbs.toml";
  service.table = Json::object({{"checks", *Json::parse(checks)}});
  return service;
}

std::string refused(const std::string& checks, bool trusted = true) {
  const auto read = probe::read_checks(service_with(checks), trusted);
  if (read.wrong.empty()) return "taken";
  const auto& error = read.wrong.front().error;
  CHECK(error.exit == ExitCode::config);
  CHECK(error.what.starts_with("services.d/thumbs.toml: "));
  return error.what.substr(24);
}

/// Checks of one set, run with the HTTP module of the build.
struct Stand {
  TempDir dir;
  cli::Output out;
  app::Context context{{}, out};
  const SetName set{"thumbs", "r5f0c1e9a2b"};

  Stand() {
    out.set_quiet(true);
    out.set_format(cli::Format::table);  // error records are for pipes
    std::ofstream(dir.path() / "cdctl.toml").flush();
    ::setenv("CDCTL_CONFIG", (dir.path() / "cdctl.toml").c_str(), 1);
    REQUIRE(context.load_config());
  }
  std::vector<Json> run(const std::string& checks) {
    const auto service = service_with(checks);
    const auto read = probe::read_checks(service, true);
    if (!read.wrong.empty()) FAIL(read.wrong.front().error.what);
    std::vector<probe::CheckRun> runs;
    for (const auto& check : read.usable) runs.push_back({&service, check, {set}});
    return probe::run_checks(context, runs, Deadline(Millis(20'000)));
  }
};

}  // namespace

TEST_CASE("a check that is refused takes out none but itself") {
  const auto read = probe::read_checks(
      service_with(R"([{"name":"a","http":"http://h/"},{"name":"b","command":["x"]},
                       {"name":"a","http":"http://i/"},{"name":"c","http":"http://j/"}])"),
      false);
  REQUIRE(read.usable.size() == 2);
  CHECK(read.usable[0].http == "http://h/");
  CHECK(read.usable[1].name == "c");
  REQUIRE(read.wrong.size() == 2);
  CHECK(read.wrong[0].number == 2);
  CHECK(read.wrong[1].error.what.contains("check 3: two checks are named a"));
}

TEST_CASE("a check that cannot be meant is refused with its reason") {
  CHECK(refused(R"([{"http":"http://h/"}])") ==
        "check 1: 'name' must be a name of small letters, digits and dashes");
  CHECK(refused(R"([{"name":"a"}])").contains("give either http"));
  CHECK(
      refused(R"([{"name":"a","http":"http://h/","command":["x"]}])").contains("give either http"));
  CHECK(refused(R"([{"name":"a","http":"ftp://h/"}])").contains("must be an address"));
  CHECK(refused(R"([{"name":"a","http":"http://u:p@h/"}])").contains("no user and no password"));
  CHECK(refused(R"([{"name":"a","http":"http://h/","expect":99}])")
            .contains("status from 100 to 599"));
  CHECK(refused(R"([{"name":"a","http":"http://h/","expcet":200}])")
            .contains("unknown key 'expcet'"));
  CHECK(refused(R"([{"name":"a","command":[]}])").contains("the program first"));
  CHECK(
      refused(R"([{"name":"a","command":["x"],"expect":200}])").contains("belong to http checks"));
  CHECK(refused(R"([{"name":"a","command":["x"],"timeout":"2h"}])").contains("up to 60s"));
  CHECK(refused(R"([{"name":"a","http":"http://h/"},{"name":"a","http":"http://h/"}])") ==
        "check 2: two checks are named a");
  CHECK(refused(R"("front")").contains("[[checks]]"));
}

TEST_CASE("a command is run from a trusted configuration only") {
  CHECK(refused(R"([{"name":"a","command":["x"]}])", false).contains("names a program"));
  CHECK(refused(R"([{"name":"a","command":["x"]}])", true) == "taken");
  CHECK(refused(R"([{"name":"a","http":"http://h/"}])", false) == "taken");
}

TEST_CASE("an answer is judged by its status and its text, each check for itself") {
  Stand stand;
  FakeHttp server([](const FakeHttp::Request& request) {
    return request.path.starts_with("/well") ? FakeHttp::answer(200, "all is well")
                                             : FakeHttp::answer(503, "out of order");
  });
  const auto url = server.url();
  const auto signals =
      stand.run(R"([{"name":"well","http":")" + url +
                R"(/well/{set}","contains":"is well"},{"name":"text","http":")" + url +
                R"(/well","contains":"better"},{"name":"ill","http":")" + url +
                R"(/ill?token=abc","severity":"critical"},{"name":"odd","http":")" + url +
                R"(/ill","expect":[204,503]}])");
  REQUIRE(signals.size() == 4);
  CHECK(signals[0]["signal"].view() == "check/well");
  CHECK(signals[0]["severity"].view() == "info");
  CHECK(signals[0]["counts"] == Json::object({{"ok", 1}, {"failed", 0}}));
  CHECK(signals[1]["severity"].view() == "error");
  CHECK(signals[1]["message"].view().contains("does not hold 'better'"));
  CHECK(signals[2]["severity"].view() == "critical");
  CHECK(signals[2]["message"].view() ==
        "GET " + url + "/ill: 503");  // no query: it may hold a token
  CHECK(signals[2]["counts"] == Json::object({{"ok", 0}, {"failed", 1}}));
  CHECK(signals[3]["severity"].view() == "info");
  bool asked = false;
  for (const auto& request : server.seen())
    asked = asked || request.path == "/well/thumbs-r5f0c1e9a2b";
  CHECK(asked);
}

TEST_CASE("who does not answer is ill, and holds nobody up beyond the timeout") {
  Stand stand;
  FakeHttp silent([](const FakeHttp::Request&) { return std::string(); });
  const auto begun = std::chrono::steady_clock::now();
  const auto signals = stand.run(
      R"([{"name":"a","http":")" + silent.url() + R"(/","timeout":"300ms"},{"name":"b","http":")" +
      silent.url() + R"(/","timeout":"300ms"},{"name":"c","http":"http://127.0.0.1:1/"}])");
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  REQUIRE(signals.size() == 3);
  for (const auto& signal : signals) CHECK(signal["severity"].view() == "error");
}

TEST_CASE("a command says by its exit status whether all is well, and why not in its last line") {
  Stand stand;
  const auto signals = stand.run(
      R"([{"name":"well","command":["sh","-c","test \"$CDCTL_SET\" = thumbs-r5f0c1e9a2b && test \"$0\" = r5f0c1e9a2b","{revision}"]},
                                     {"name":"ill","command":["sh","-c","echo one; echo two; exit 2"],"severity":"warning"}])");
  REQUIRE(signals.size() == 2);
  CHECK(signals[0]["severity"].view() == "info");
  CHECK(signals[1]["severity"].view() == "warning");
  CHECK(signals[1]["message"].view() == "sh: exit status 2: two");
}

TEST_CASE("a command that cannot be started, or does not end, says nothing about the set") {
  Stand stand;
  const auto signals = stand.run(
      R"([{"name":"gone","command":["/nonexistent/program"]},{"name":"slow","command":["sleep","60"],"timeout":"200ms"}])");
  CHECK(signals.empty());
  CHECK(stand.context.exit_code() == static_cast<int>(ExitCode::unknown));
}

TEST_CASE("a check by a query needs one, a server, and what to expect of the value") {
  const auto refusal = [](const std::string& more) {
    return refused(R"([{"name":"a","prometheus":"http://p:9090")" + more + "}]");
  };
  CHECK(refusal(R"(,"query":"up","expect":"<= 5")") == "taken");
  CHECK(refusal(R"(,"query":"up","expect":["> 0","<=5e3"])") == "taken");
  CHECK(refusal(R"(,"expect":"<= 5")").contains("give query"));
  for (const auto* expect :
       {"", R"(,"expect":5)", R"(,"expect":"5")", R"(,"expect":"=> 5")", R"(,"expect":"< NaN")",
        R"(,"expect":["> 0","much"])", R"(,"expect":[])"})
    CHECK(refusal(R"(,"query":"up")" + std::string(expect)).contains("'expect'"));
  CHECK(refusal(R"(,"query":"up","expect":"> 0","http":"http://h/")").contains("give either http"));
  CHECK(
      refusal(R"(,"query":"up","expect":"> 0","contains":"x")").contains("belong to http checks"));
  for (const auto* address : {"http://u:p@p:9090", "ftp://p", "http://{set}:9090", "http://p/?x=1"})
    CHECK(refused(R"([{"name":"a","query":"up","expect":"> 0","prometheus":")" +
                  std::string(address) + R"("}])") != "taken");
  CHECK(refused(R"([{"name":"a","http":"http://h/","query":"up"}])")
            .contains("belongs to prometheus checks"));
}

TEST_CASE("placeholders of a query are strings, or a part of the one they stand in") {
  const SetName set{"thumbs", "r5f0c1e9a2b"};
  const auto filled = [&](const char* query) { return filled_query(query, set); };
  CHECK(filled("x{set={set}}") == R"(x{set="thumbs-r5f0c1e9a2b"})");
  CHECK(filled(R"(x{set="{set}"})") == R"(x{set="thumbs-r5f0c1e9a2b"})");
  CHECK(filled("x{set='{set}',s={service},r={revision}}") ==
        R"(x{set='thumbs-r5f0c1e9a2b',s="thumbs",r="r5f0c1e9a2b"})");
  CHECK(filled(R"(x{p=~"/var/{service}/.*",q="\"{revision}"})") ==
        R"(x{p=~"/var/thumbs/.*",q="\"r5f0c1e9a2b"})");
  CHECK(filled(R"(x{p=`\`,r={revision}})") == R"(x{p=`\`,r="r5f0c1e9a2b"})");
  CHECK(filled("x{a=\"b\"} {sets}") == "x{a=\"b\"} {sets}");
}

TEST_CASE("a value is judged by its bounds, and what gives none says nothing about the set") {
  const auto vector = [](const std::string& series, const std::string& more = "") {
    return FakeHttp::answer(200, R"({"status":"success","data":{"resultType":"vector","result":[)" +
                                     series + "]}" + more + "}");
  };
  const auto value = [](const std::string& text) {
    return R"({"metric":{},"value":[1700000000.1,")" + text + R"("]})";
  };
  std::map<std::string, std::string> answers{
      {"seven", vector(value("7"))},
      {"scalar",
       FakeHttp::answer(
           200, R"({"status":"success","data":{"resultType":"scalar","result":[1,"4.5"]}})")},
      {"infinite", vector(value("+Inf"))},
      {"none", vector("")},
      {"two", vector(value("1") + "," + value("1"))},
      {"nan", vector(value("NaN"))},
      {"odd", vector(value("many"))},
      {"part", vector(value("1"), R"(,"warnings":["a store did not answer"])")},
      {"range",
       FakeHttp::answer(200, R"({"status":"success","data":{"resultType":"matrix","result":[]}})")},
      {"bad", FakeHttp::answer(
                  400, R"({"status":"error","errorType":"bad_data","error":"parse error: x"})")},
      {"page", FakeHttp::answer(200, "<html>")}};
  FakeHttp server([&](const FakeHttp::Request& request) {
    const auto query =
        request.body.substr(std::min(request.body.find("query="), request.body.size()));
    for (const auto& [name, answer] : answers)
      if (query == "query=" + name + "%7Bs%3D%22thumbs-r5f0c1e9a2b%22%7D") return answer;
    return FakeHttp::answer(404, "");
  });
  const auto check = [&](const std::string& name, const std::string& expect) {
    Stand stand;
    const auto signals =
        stand.run(R"([{"name":"a","prometheus":")" + server.url() + R"(/","query":")" + name +
                  R"({s={set}}","expect":)" + expect + "}]");
    if (signals.empty()) return "exit " + std::to_string(stand.context.exit_code());
    return signals[0]["severity"].as_string() + " " + signals[0]["message"].as_string() + "|" +
           signals[0]["value"].dump();
  };
  CHECK(check("seven", R"("<= 7")") == "info |7");
  CHECK(check("seven", R"(["> 0","< 7"])") == "error it is 7, expected < 7|7");
  CHECK(check("scalar", R"(">= 4.5")") == "info |4.5");
  CHECK(check("infinite", R"("< 5")") == "error it is inf, expected < 5|null");
  for (const auto* name :
       {"none", "two", "nan", "odd", "part", "range", "bad", "page", "unheard-of"}) {
    INFO(name);
    CHECK(check(name, R"(">= 0")") == "exit 4");
  }
  Stand stand;
  CHECK(stand.run(R"([{"name":"a","prometheus":"http://127.0.0.1:1","query":"up","expect":"> 0"}])")
            .empty());
  CHECK(stand.context.exit_code() == 4);
}
