// The rules of lint: each with a spec that breaks it and one that does not; and the repairs.

#include <algorithm>
#include <random>
#include <regex>
#include <set>

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/mojo/lint/lint.hpp"
#include "plugins/mojo/lint/manifest_fixes.hpp"
#include "plugins/mojo/lint/series.hpp"
#include "plugins/mojo/manifest/manifest.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
namespace fs = std::filesystem;

namespace {

const std::string k_script = "#!/bin/sh\nexit 0\n";

/// A spec that lint has nothing to say about, until a test changes it.
struct Spec {
  test::TempDir dir;
  test::TestHost host{dir.path() / "home"};
  fs::path top = dir.path() / "spec";
  std::map<std::string, std::string> variables;

  Spec() {
    write("manifest", "collect\nscript config=run.sh\ndeploy\n");
    write("collect", "sails @\n");
    write("run.sh", k_script, 0755);
    write("Procfile", "crew: ./crew\n");
  }
  void write(const std::string& file, const std::string& text, unsigned mode = 0644) const {
    fs::create_directories((top / file).parent_path());
    REQUIRE(write_file_atomically(top / file, text, mode));
  }
  void link(const std::string& file, const std::string& to) const {
    fs::create_directories((top / file).parent_path());
    fs::create_symlink(to, top / file);
  }
  std::string text(const std::string& file) const { return read_file(top / file).value(); }
  unsigned mode(const std::string& file) const {
    struct stat status{};
    REQUIRE(::stat((top / file).c_str(), &status) == 0);
    return status.st_mode & 07777;
  }
  LintRequest request(bool fix = false) {
    LintRequest request;
    request.spec = top;
    request.variables = [this](const std::string& name) -> std::optional<std::string> {
      const auto at = variables.find(name);
      return at == variables.end() ? std::nullopt : std::optional(at->second);
    };
    request.fix = fix;
    request.deadline = Deadline(std::chrono::minutes(1));
    request.host = &host;
    return request;
  }
  std::vector<LintFinding> lint(bool fix = false) {
    auto found = lint_spec(request(fix));
    REQUIRE(found);
    return std::move(*found);
  }
  /// `path:line:column rule`, one a line; `+` where it can be repaired, `!` where it was.
  std::string found(bool fix = false) { return shown(lint(fix)); }
  static std::string shown(const std::vector<LintFinding>& findings) {
    std::string out;
    for (const auto& finding : findings) {
      out += finding.path + ':' + std::to_string(finding.line) + ':' +
             std::to_string(finding.column) + ' ' + std::string(finding.rule);
      out += finding.severity == LintSeverity::error ? " error" : " warning";
      out += std::string(finding.fixed ? "!" : finding.fixable ? "+" : "") + '\n';
    }
    return out;
  }
};

}  // namespace

TEST_CASE("a good spec gives no finding") {
  Spec spec;
  CHECK(spec.found().empty());
  spec.top += "/";
  CHECK(spec.found().empty());
}

TEST_CASE("what a manifest may not hold is found under its rule") {
  Spec spec;
  spec.write("manifest",
             "colect\nscript config=run.sh\nscript config=none.sh\nscript "
             "config=${NO_SUCH}\nscript config=../run.sh\ncollect\ndeploy\nsleep\n");
  CHECK(spec.found() ==
        "manifest:1:1 manifest error\nmanifest:3:8 missing-file error\nmanifest:4:8 unset-variable "
        "error\nmanifest:5:8 manifest error\nmanifest:8:0 manifest error\n");
  CHECK(spec.lint()[0].message == "'colect' is no phase; did you mean collect?");
  CHECK(spec.lint()[1].message == "there is no 'none.sh' in the spec");
  spec.variables["NO_SUCH"] = "run.sh";
  CHECK_FALSE(spec.found().contains("unset-variable"));
}

TEST_CASE("a spec without a manifest says so, and no folder is an error") {
  Spec spec;
  fs::remove(spec.top / "manifest");
  CHECK(spec.found().starts_with("Procfile:0:0 unreferenced-file warning\n"));
  CHECK(spec.found().contains("manifest:0:0 manifest error\n"));
  auto request = spec.request();
  request.spec = spec.top / "none";
  CHECK(lint_spec(request).error().exit == ExitCode::config);
  request.spec = spec.top / "run.sh";
  CHECK(lint_spec(request).error().what.contains("it is no folder"));
  request.spec = spec.top;
  request.deadline = Deadline(Millis(0));
  CHECK(lint_spec(request).error().exit == ExitCode::timeout);
}

TEST_CASE("dead links, circles and links out of the spec are found, others are not") {
  Spec spec;
  spec.link("fine.sh", "run.sh");
  spec.link("top", ".");
  spec.link("x/up", "../../spec/run.sh");
  spec.write("manifest", "collect\nscript config=fine.sh\nscript config=x/up\ndeploy\n");
  CHECK(spec.found().empty());
  spec.link("dead", "nowhere");
  spec.link("x/round", "round");
  spec.link("x/passwd", "/etc/passwd");
  spec.link("x/etc", "/etc");
  spec.link("x/other", "../../spec-2");
  fs::create_directories(spec.dir.path() / "spec-2");
  CHECK(spec.found() ==
        "dead:0:0 dead-link error\nx/etc:0:0 dead-link error\nx/other:0:0 dead-link "
        "error\nx/passwd:0:0 dead-link error\nx/round:0:0 dead-link error\n");
  CHECK(spec.lint()[0].message == "a link to 'nowhere', which is not there");
  CHECK(spec.lint()[1].message == "a link to '/etc', which leads out of the spec");
}

TEST_CASE("scripts that would not run are found, and those that only need a mode are repaired") {
  Spec spec;
  spec.write("plain.sh", k_script, 0640);
  spec.write("bare.sh", "exit 0\n", 0644);
  spec.write("crlf.sh", "#!/bin/sh\r\nexit 0\r\n", 0755);
  spec.link("linked.sh", "plain.sh");
  spec.write("manifest",
             "script config=plain.sh\nscript config=bare.sh\nverify config=crlf.sh\nscript "
             "config=linked.sh\nscript config=run.sh\ncollect\ndeploy\n");
  CHECK(spec.found() ==
        "manifest:1:8 not-executable error+\nmanifest:2:8 not-executable error\nmanifest:3:8 "
        "not-executable error\nmanifest:4:8 not-executable error+\n");
  CHECK(spec.found(true) ==
        "manifest:1:8 not-executable error!\nmanifest:2:8 not-executable error\nmanifest:3:8 "
        "not-executable error\nmanifest:4:8 not-executable error!\n");
  CHECK(spec.mode("plain.sh") == 0750);
  CHECK(spec.mode("bare.sh") == 0644);
  CHECK(spec.found(true) == spec.found());
}

TEST_CASE("bad lines of the files that phases name are found there") {
  Spec spec;
  spec.write("collect", "sails @\n/mast @\nsails @\n");
  spec.write("names", "sails\ntwo words\n");
  spec.write("Procfile", "crew: ./crew\nCrew: x\n");
  spec.write("manifest", "collect\nrepo config=names\nscript config=run.sh\ndeploy\n");
  const auto found = spec.found();
  CHECK(found.contains("Procfile:2:0 invalid-file error\n"));
  CHECK(found.contains("names:2:1 invalid-file error\n"));
  CHECK(found.contains("collect:2:1 collect error\n"));
  CHECK(found.contains("collect:3:0 collect warning\n"));
  CHECK(std::ranges::count(found, '\n') == 4);
  spec.write("names", "# none\nsails\n");
  spec.write("Procfile", "crew: ./crew\n");
  spec.write("collect", "sails @\n");
  CHECK(spec.found().empty());
}

TEST_CASE("carriage returns are found in manifests and in what they name") {
  Spec spec;
  spec.write("manifest", "collect\r\nscript config=run.sh\ndeploy\n");
  CHECK(spec.found().starts_with(
      "collect:0:0 unreferenced-file warning\nmanifest:1:8 carriage-return error\n"));
  spec.write("manifest", "collect\nscript config=run.sh\ndeploy\n");
  spec.write("collect", "sails @\r\n");
  CHECK(spec.found() == "collect:1:8 carriage-return error\n");
}

TEST_CASE(
    "a release is found in values, collect files and bundles, but not where the series chose the "
    "file") {
  Spec spec;
  spec.variables["MOJO_SERIES"] = "noble";
  spec.write("manifest",
             "collect config=collect-${MOJO_SERIES}\nscript config=run.sh ON=${ON:-noble} "
             "WORD=nobler\ndeploy\nbundle config=quay.yaml\n");
  fs::rename(spec.top / "collect", spec.top / "collect-noble");
  spec.write("collect-noble", "sails git+https://forge.example/sails;branch=noble\n");
  spec.write("quay.yaml", "series: bookworm # not noble\napplications: {quay: {charm: ./quay}}\n");
  CHECK(spec.found() == "quay.yaml:1:1 hard-coded-series warning\n");
  spec.write("quay.yaml", "default-base: ubuntu@24.04\napplications: {quay: {charm: ./quay}}\n");
  CHECK(spec.found().empty());
  spec.write("manifest",
             "collect config=collect-noble\nscript config=run.sh TARGET='a noble-quay'\ncollect "
             "config=quays\ndeploy\nbundle config=quay.yaml\n");
  spec.write("quays", "# for noble\nsails git+https://forge.example/sails;branch=noble\n");
  CHECK(spec.found() ==
        "manifest:1:9 hard-coded-series warning\nmanifest:2:22 hard-coded-series "
        "warning\nquays:2:0 hard-coded-series warning\n");
}

TEST_CASE("names of releases are words of their own") {
  const SeriesNames names;
  for (const auto* known :
       {"trusty", "xenial", "bionic", "focal", "jammy", "noble", "bookworm", "trixie"})
    CHECK(names.contains(known));
  CHECK_FALSE(names.contains("sid"));
  CHECK_FALSE(names.contains("experimental"));
  CHECK_FALSE(names.contains("series"));
  CHECK(names.find("x-noble_y") == "noble");
  CHECK(names.find("lxd:jammy/0") == "jammy");
  CHECK(names.find("noblesse Noble ${X:-noble}").empty());
  CHECK(names.find("${X:-noble} focal") == "focal");
}

TEST_CASE("files that nobody names are found, whatever way the others are named") {
  Spec spec;
  spec.variables["MOJO_SERIES"] = "noble";
  spec.write("manifest",
             "collect config=lists/collect-${MOJO_SERIES}\nscript config=run.sh "
             "CONFIG=tides.cfg\ninclude config=part\ndeploy\n# script config=retired.sh\n");
  spec.write("part", "script config=tools/knot.py\n");
  fs::remove(spec.top / "collect");
  spec.write("lists/collect-noble", "sails local/sails\n");
  spec.write("lists/collect-jammy", "sails local/sails\n");
  spec.write("lists/collect-noble.lock", "{}\n");
  spec.write("helper/knot.py", "#!/bin/sh\nimport ropes\n", 0755);
  spec.link("tools", "helper");
  spec.write("helper/ropes.py", "open('../rope list.txt')\n");
  spec.write("rope list.txt", "hemp\n");
  spec.write("tides.cfg", "see more.cfg.\n");
  spec.write("more.cfg", "\n");
  for (const auto* exempt : {"README", "README.md", "LICENSE", ".gitignore", ".git/config",
                             ".bzr/README", "docs/x", "helper/__init__.py", "manifest-upgrade"})
    spec.write(exempt, "");
  CHECK(spec.found().empty());
  spec.write("retired.sh", k_script, 0755);
  spec.write("helper/old.py", "retired.sh\n");
  spec.link("old-link", "run.sh");
  CHECK(spec.found() ==
        "helper/old.py:0:0 unreferenced-file warning\nold-link:0:0 unreferenced-file "
        "warning\nretired.sh:0:0 unreferenced-file warning\n");
  auto one = spec.request();
  one.stage = "";
  CHECK(lint_spec(one)->empty());
}

TEST_CASE("bundles are read, templates are looked at, and both in all their phases") {
  Spec spec;
  spec.write(
      "manifest",
      "collect\nscript config=run.sh\nbundle config=good.yaml\nbundle config=bad.yaml\nbundle "
      "config=good.j2\nbundle config=bad.j2\nbundle config=unknown.j2\n"
      "deploy config=fleet.yaml target=sloop\ndeploy config=fleet.yaml target=barque\ndeploy\n");
  spec.write("good.yaml", "applications:\n  quay:\n    charm: ./quay\n");
  spec.write("bad.yaml", "applications:\n  quay:\n    num_units: many\n    charm: ./quay\n");
  spec.write("good.j2", "applications:\n  quay:\n    charm: ./{{ series }}/{{ PIER }}\n");
  spec.write("bad.j2", "applications:\n{% if %}\n");
  spec.write("unknown.j2", "applications:\n  quay:\n    charm: {{ WHARF }}\n");
  spec.write("fleet.yaml", "sloop:\n  services:\n    sloop: {charm: ./sloop}\n");
  auto request = spec.request();
  request.names = {"PIER"};
  const auto found = lint_spec(request);
  REQUIRE(found);
  CHECK(Spec::shown(*found) ==
        "bad.j2:2:0 invalid-template error\nbad.yaml:3:16 invalid-yaml error\nfleet.yaml:0:0 "
        "invalid-yaml error\nunknown.j2:3:0 unset-variable warning\n");
}

TEST_CASE(
    "each folder with a manifest is a stage, and so are folders below that hold what it asks for") {
  Spec spec;
  spec.write("manifest", "collect\nscript config=run.sh\nscript config=stage.sh\ndeploy\n");
  CHECK(spec.found() == "manifest:3:8 missing-file error\n");
  spec.write("production/stage.sh", k_script, 0755);
  spec.write("staging/stage.sh", k_script, 0644);
  spec.write("own/manifest", "script config=none.sh\n");
  spec.write("own/stage.sh", "no #! line\n", 0644);
  CHECK(spec.found() ==
        "manifest:3:8 not-executable error+\nown/manifest:1:8 missing-file error\n");
  auto one = spec.request();
  one.stage = "production";
  CHECK(lint_spec(one)->empty());
  one.stage = "own";
  CHECK(Spec::shown(*lint_spec(one)) == "own/manifest:1:8 missing-file error\n");
  one.stage = "../spec";
  CHECK(lint_spec(one).error().exit == ExitCode::config);
}

TEST_CASE("all manifests are looked at, or only those of one name") {
  Spec spec;
  spec.write("manifest-upgrade", "script config=none.sh\n");
  spec.write("a/manifest-upgrade", "scrpt\n");
  CHECK(spec.found() ==
        "a/manifest-upgrade:1:1 manifest error\nmanifest-upgrade:1:8 missing-file error\n");
  auto one = spec.request();
  one.manifest = "manifest";
  CHECK(lint_spec(one)->empty());
  one.manifest = "manifest-none";
  CHECK(Spec::shown(*lint_spec(one)) == "manifest-none:0:0 manifest error\n");
  one.manifest = "a/manifest-upgrade";
  CHECK(Spec::shown(*lint_spec(one)) == "a/manifest-upgrade:1:1 manifest error\n");
}

TEST_CASE(
    "manifests are repaired in place, every other byte stays, and a second time there is nothing "
    "to do") {
  Spec spec;
  const std::string before =
      "# It's   \n\n \t\ncollect  \n\tscript  config=run.sh   A='x y'  A=\"z\"\t B=1 "
      "--lxc=False\ndeploy --timeout=5 config=no timeout=7 config='Procfile'";
  const std::string after =
      "# It's\n\n\ncollect\n\tscript  config=run.sh  A=\"z\"\t B=1 lxc=False\ndeploy timeout=7 "
      "config='Procfile'\n";
  spec.write("manifest", before, 0664);
  const std::string warnings =
      "manifest:1:7 trailing-blanks warning+\nmanifest:3:1 trailing-blanks warning+\nmanifest:4:8 "
      "trailing-blanks warning+\nmanifest:5:35 repeated-option warning+\n"
      "manifest:5:46 dashed-option warning+\nmanifest:6:8 dashed-option warning+\nmanifest:6:30 "
      "repeated-option warning+\nmanifest:6:40 repeated-option warning+\n"
      "manifest:6:57 missing-newline warning+\n";
  CHECK(spec.found() == warnings);
  CHECK(spec.text("manifest") == before);
  auto repaired = warnings;
  std::ranges::replace(repaired, '+', '!');
  CHECK(spec.found(true) == repaired);
  CHECK(spec.text("manifest") == after);
  CHECK(spec.mode("manifest") == 0664);
  CHECK(spec.found(true).empty());
  CHECK(spec.text("manifest") == after);
}

TEST_CASE("a repair follows a link within the spec, keeps it a link, and never leaves the spec") {
  Spec spec;
  spec.write("shared/common", "script config=run.sh \n");
  spec.link("part", "shared/common");
  REQUIRE(write_file_atomically(spec.dir.path() / "outside", "collect \n"));
  REQUIRE(write_file_atomically(spec.dir.path() / "script", k_script, 0644));
  spec.link("manifest-out", "../outside");
  spec.link("out.sh", "../script");
  spec.write("manifest", "collect\ninclude config=part\ndeploy\nscript config=out.sh\n");
  const auto found = spec.found(true);
  CHECK(found.contains("part:1:21 trailing-blanks warning!\n"));
  CHECK(spec.text("shared/common") == "script config=run.sh\n");
  CHECK(fs::is_symlink(spec.top / "part"));
  CHECK(read_file(spec.dir.path() / "outside").value_or("") == "collect \n");
  struct stat status{};
  REQUIRE(::stat((spec.dir.path() / "script").c_str(), &status) == 0);
  CHECK((status.st_mode & 0111) == 0);
}

TEST_CASE("what cannot be read is not repaired, and quotes are left as they are") {
  CHECK(fix_manifest("script A='x \nscript 'B=1' \"B=2\"\n'--target=x'\n").text ==
        "script A='x \nscript \"B=2\"\n'--target=x'\n");
  CHECK(fix_manifest("deploy '--target=x'\n").fixes.empty());
  CHECK(fix_manifest("deploy --=x --\n").text == "deploy --=x --\n");
  CHECK(fix_manifest("script A=x\\ \n").text == "script A=x\\ \n");
  CHECK(fix_manifest("script A=x\\  \n").text == "script A=x\\ \n");
  CHECK(fix_manifest("deploy \r\n").text == "deploy \r\n");
  CHECK(fix_manifest("").text.empty());
  CHECK(fix_manifest("\n").fixes.empty());
  CHECK(fix_manifest(" ").text == "\n");
}

TEST_CASE("whatever the text, a repair leaves nothing to repair and as many errors as before") {
  const std::vector<std::string> parts{
      "script", "deploy", " ",          "  ",       "\t",    "\n",      "\n\n", "A=1",
      "A=2",    "--A=3",  "--target=x", "config=y", "'B=1'", "\"B=2\"", "'",    "\"",
      "\\",     "#",      "\r",         "=",        "--",    "\xff",    "ü"};
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    std::mt19937 random(seed);
    std::string text;
    for (auto count = random() % 30; count > 0; --count) text += parts[random() % parts.size()];
    const auto once = fix_manifest(text), twice = fix_manifest(once.text);
    const auto before = parse_manifest(text, "m"), after = parse_manifest(once.text, "m");
    const bool same =
        before.problems.size() == after.problems.size() && before.rows.size() == after.rows.size();
    if (twice.text == once.text && twice.fixes.empty() && same &&
        once.fixes.empty() == (once.text == text))
      continue;
    FAIL("seed " << seed << ":\n" << text << "\n--\n" << once.text << "\n--\n" << twice.text);
  }
}

TEST_CASE("what many stages link to is told once, where it is") {
  Spec spec;
  spec.write("helper/collect", "sails @\n/mast @\n");
  spec.write("helper/fleet.yaml", "series: noble\napplications: {quay: {charm: ./quay}}\n");
  for (const std::string stage : {"a", "b", "c"}) {
    spec.write(stage + "/manifest", "collect\nbundle config=links/fleet.yaml\n");
    spec.link(stage + "/collect", "../helper/collect");
    spec.link(stage + "/links", "../helper");
  }
  CHECK(spec.found() ==
        "helper/collect:2:1 collect error\nhelper/fleet.yaml:1:1 hard-coded-series warning\n");
}

TEST_CASE("a spec of 4,000 entries, 3,000 of them links, is looked at whole") {
  Spec spec;
  for (int i = 0; i < 60; ++i) spec.write("helper/tool-" + std::to_string(i), k_script, 0755);
  for (int i = 0; i < 280; ++i) {
    const auto stage = "area" + std::to_string(i % 7) + "/story" + std::to_string(i);
    std::string lines;
    for (int k = 0; k < 11; ++k) {
      const auto tool = "tool-" + std::to_string((i + k) % 60);
      spec.link(stage + '/' + tool, "../../helper/" + tool);
      lines += "script config=" + tool + " KV='a=1'\n";
    }
    spec.write(stage + "/manifest", lines);
  }
  CHECK(spec.found().empty());
}

TEST_CASE("every rule is known, has a summary, and is found by a test above") {
  // A literal that was broken over two lines is one text.
  const auto self = std::regex_replace(
      read_file(fs::path(CDCTL_SOURCE_DIR) / "tests/unit/mojo/test_lint.cpp").value(),
      std::regex("\"\\s*\n\\s*\""), "");
  std::set<std::string_view> names;
  for (const auto& rule : lint_rules()) {
    INFO(rule.name);
    CHECK(names.insert(rule.name).second);
    CHECK_FALSE(rule.summary.empty());
    CHECK(self.contains(" " + std::string(rule.name) +
                        (rule.severity == LintSeverity::error ? " error" : " warning")));
  }
  CHECK(names.size() == 16);
}

TEST_CASE("a finding is a record") {
  const LintFinding finding{"lp/manifest",     3,   0,    LintSeverity::warning,
                            "repeated-option", "x", true, false};
  CHECK(
      to_json(finding).dump() ==
      R"({"schema":"cdctl.finding/1","path":"lp/manifest","line":3,"column":null,"severity":"warning","rule":"repeated-option","message":"x","fixable":true,"fixed":false})");
}
