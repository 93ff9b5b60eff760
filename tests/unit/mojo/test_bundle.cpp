#include <functional>
#include <random>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/mojo/bundle/bundle.hpp"
#include "plugins/mojo/bundle/deployer_file.hpp"
#include "plugins/mojo/bundle/document.hpp"
#include "plugins/mojo/bundle/handover.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
using cdctl::test::TempDir;
namespace fs = std::filesystem;

namespace {

std::string join(const std::vector<Problem>& problems) {
  std::string out;
  for (const auto& problem : problems) out += (out.empty() ? "" : "; ") + problem.str();
  return out;
}

/// A bundle without problems.
Bundle good(std::string_view text) {
  std::vector<Problem> problems;
  auto bundle = parse_bundle(text, "b.yaml", problems);
  INFO(join(problems));
  REQUIRE(problems.empty());
  return bundle;
}
/// What is wrong with a bundle, in one line.
std::string wrong(std::string_view text) {
  std::vector<Problem> problems;
  (void)parse_bundle(text, "b.yaml", problems);
  return join(problems);
}
std::string warned(std::string_view text) { return join(good(text).warnings); }

std::string option(const Bundle& bundle, std::string_view application, std::string_view key) {
  for (const auto& one : bundle.applications()) {
    if (one.name != application) continue;
    const auto* value = one.value("options", key);
    return value ? value->text : "(none)";
  }
  return "(no application)";
}
std::vector<std::string> names(const Bundle& bundle) {
  std::vector<std::string> out;
  for (const auto& one : bundle.applications()) out.emplace_back(one.name);
  return out;
}
std::string relations(const Bundle& bundle) {
  std::string out;
  for (const auto& relation : bundle.relations())
    out += (out.empty() ? "" : " ") + relation.from + "=" + relation.to;
  return out;
}
Bundle overlaid(std::string_view base, std::string_view overlay, bool secret = false) {
  auto bundle = good(base);
  std::vector<Problem> problems;
  add_overlay(bundle, overlay, "o.yaml", secret, problems);
  INFO(join(problems));
  REQUIRE(problems.empty());
  return bundle;
}

constexpr std::string_view k_base = R"(
series: jammy
applications:
  web:
    charm: cs:web
    num_units: 2
    constraints: mem=1G
    options: {port: 80, colour: "red"}
    to: ["0", lxd:1]
  db:
    charm: ./db
    scale: 3
    trust: true
    expose: yes
relations:
  - [web:db, db:server]
  - ["web", "db"]
)";

}  // namespace

TEST_CASE("a bundle gives its applications with their values and the rest as it stands") {
  const auto bundle = good(k_base);
  const auto applications = bundle.applications();
  REQUIRE(applications.size() == 2);
  CHECK(applications[0].name == "web");
  CHECK(applications[0].charm == "cs:web");
  CHECK(applications[0].units == 2);
  CHECK(applications[0].constraints == "mem=1G");
  CHECK(applications[0].to == std::vector<std::string>{"0", "lxd:1"});
  CHECK_FALSE(applications[0].expose);
  CHECK(applications[0].value("options", "port")->kind == Yaml::Kind::plain);
  CHECK(applications[0].value("options", "colour")->kind == Yaml::Kind::string);
  CHECK(applications[0].value("options", "size") == nullptr);
  CHECK(applications[0].value("storage", "size") == nullptr);
  CHECK(applications[1].units == 3);
  CHECK(applications[1].trust);
  CHECK(applications[1].expose);
  CHECK(applications[1].position.line == 10);
  CHECK(relations(bundle) == "web:db=db:server web=db");
}

TEST_CASE("services is the old word, and both together are refused") {
  CHECK(names(good("services: {a: {charm: x}}")) == std::vector<std::string>{"a"});
  CHECK(wrong("services: {a: {charm: x}}\napplications: {b: {charm: y}}") ==
        "b.yaml:1:1: services and applications are both there; keep applications");
  CHECK(wrong("series: jammy") == "b.yaml:1:1: a bundle must have applications");
  CHECK(wrong("") == "b.yaml: it is empty");
  CHECK(wrong("# nothing\n") == "b.yaml: it is empty");
  CHECK(wrong("- a\n") ==
        "b.yaml:1:1: a bundle must be a map, not a list; b.yaml:1:1: a bundle must have "
        "applications");
}

TEST_CASE("values of a wrong type are told with their place") {
  const auto told = [](std::string_view line) {
    return wrong(fmt::format("applications:\n  web:\n    charm: x\n    {}\n", line));
  };
  CHECK(told("num_units: -1") ==
        "b.yaml:4:16: num_units of web must be a whole number from 0 to 1000000, not '-1'");
  CHECK(told("num_units: two").contains("4:16: num_units of web must be a whole number"));
  CHECK(told("num_units: 1.5").contains("not '1.5'"));
  CHECK(told("num_units: 99999999999999999999").contains("must be a whole number"));
  CHECK(told("num_units: 0").empty());
  CHECK(told("options: [a, b]") == "b.yaml:4:14: options of web must be a map, not a list");
  CHECK(told("options: x").contains("must be a map, not 'x'"));
  CHECK(told("options: {a: [1, {b: 2}]}").empty());
  CHECK(told("expose: maybe").contains("must be true or false, not 'maybe'"));
  CHECK(told("trust: {}").contains("must be true or false, not a map"));
  CHECK(told("charm: [x]").contains("charm of web must be a word or a text, not a list"));
  CHECK(told("to: {a: b}").contains("must be a word or a list of words, not a map"));
  CHECK(told("to: [[a]]").contains("must be a word or a list of words"));
  CHECK(told("annotations: {x: [1]}") ==
        "b.yaml:4:22: x in annotations of web must be a word or a text, not a list");
  CHECK(told("scale: 2\n    num_units: 3") == "b.yaml:4:12: web has num_units and another scale");
  CHECK(wrong("applications: {a: 1}") == "b.yaml:1:19: a must be a map, not '1'");
  CHECK(wrong("applications: {a: }").contains("a says nothing of itself"));
  CHECK(wrong("applications: [a]").contains("applications of the bundle must be a map"));
  CHECK(wrong("applications: {a: {charm: x}}\nmachines: {x: {}, 1: 2}") ==
        "b.yaml:2:12: machine 'x' is no number; b.yaml:2:22: machine 1 must be a map, not '2'");
}

TEST_CASE("names of applications and ends of relations are checked") {
  for (const auto* name : {"a", "ceph2", "swift-storage-z1", "a-1b", "hacluster-keystone"})
    CHECK(valid_application(name));
  for (const auto* name : {"", "A", "1a", "a-", "-a", "a--b", "a-1", "a_b", "a.b", "a/../b", "ä"})
    CHECK_FALSE(valid_application(name));
  CHECK(wrong("applications: {Web: {charm: x}}")
            .starts_with("b.yaml:1:16: 'Web' is no name of an application"));
  const auto told = [](std::string_view list) {
    return wrong(fmt::format(
        "applications: {{web: {{charm: x}}, db: {{charm: y}}}}\nrelations: {}\n", list));
  };
  CHECK(told("[[web, db]]").empty());
  CHECK(told("[[web, webb]]") ==
        "b.yaml:2:19: a relation of webb, which is no application of this bundle; is web meant?");
  CHECK(told("[[web]]").contains("2:13: a relation must be a pair"));
  CHECK(told("[[web, db, web]]").contains("must be a pair"));
  CHECK(told("[[web, 'db:']]").contains("must be APPLICATION or APPLICATION:ENDPOINT, not 'db:'"));
  CHECK(told("[[web, 'db:a b']]").contains("not 'db:a b'"));
  CHECK(told("[[web, {a: b}]]").contains("not a map"));
  CHECK(told("7").contains("relations must be a list of pairs, not '7'"));
  CHECK(wrong("applications: {web: {charm: x}}\nsaas: {far: {url: me/m.far}}\nrelations: [[web, "
              "far:db]]")
            .empty());
}

TEST_CASE("the short and the old forms of relations become pairs, each once") {
  const std::string applications = "applications: {a: {charm: x}, b: {charm: x}, c: {charm: x}}\n";
  CHECK(relations(good(applications + "relations: [[a, [b, c]], [a, b]]")) == "a=b a=c");
  CHECK(relations(good(
            applications +
            "relations: {b: {weight: 9, consumes: [c]}, a: {weight: 1, consumes: ['b:x', c]}}")) ==
        "a=b:x a=c b=c");
  CHECK(relations(good(applications + "relations: {'a:y': [b]}")) == "a:y=b");
  CHECK(wrong(applications + "relations: {a: {weight: 1}}")
            .contains("2:13: relations of a must name what it consumes in a list"));
  CHECK(wrong(applications + "relations: {a: {weight: much, consumes: [b]}}")
            .contains("weight of a relation must be a whole number"));
}

TEST_CASE("unknown keys are kept and warned of, double keys count once, with a hint") {
  CHECK(warned("applications: {web: {charm: x, constraint: mem=1G}}") ==
        "b.yaml:1:32: web has a key 'constraint' that is not known; is constraints meant?");
  CHECK(good("applications: {web: {charm: x, made-up: [1]}}")
            .root.find("applications")
            ->find("web")
            ->find("made-up")
            ->items.size() == 1);
  CHECK(warned("applications:\n  web:\n    charm: x\n    charm: y\n") ==
        "b.yaml:4:5: charm is given again; the last one counts");
  CHECK(good("applications: {web: {charm: x, charm: y}}").applications()[0].charm == "y");
  CHECK(warned("applications: {web: {}}") == "b.yaml:1:16: web names no charm");
}

TEST_CASE("YAML that is broken is told with its place") {
  CHECK(wrong("applications: {a: {charm: x}").starts_with("b.yaml:1:"));
  CHECK(wrong("a: b: c\n").starts_with("b.yaml:1:"));
  CHECK(wrong("a: *nowhere\n").starts_with("b.yaml:1:4: "));
  CHECK(wrong("a: \"x\n").starts_with("b.yaml:"));
  CHECK(wrong(std::string_view("a: b\nc: \0d", 9)) == "b.yaml:2:4: a control character");
  CHECK(wrong("a: b\n\x04"
              "c: d\n") == "b.yaml:2:1: a control character");
  CHECK(wrong("a: \xff\n") == "b.yaml:1:4: bytes that are not UTF-8");
  CHECK(wrong("? [a]\n: b\n") == "b.yaml:1:3: a key may not be a list or a map");
  CHECK(wrong("a: \"x\\Ny\"\n") ==
        "b.yaml:1:4: an escape that gives bytes which are not UTF-8; write the character itself");
  CHECK(wrong("{~: b}").contains("a key may not be empty"));
  for (const std::string tag : {"!!python/object", "!secret"}) {
    CHECK(wrong("a: " + tag + " x\n") ==
          "b.yaml:1:4: a value with a type of its own (!…) is not supported; a text that starts "
          "with ! needs quotes");
  }
  CHECK(wrong(std::string(201, 'k') + ": v\n").contains("a key is longer than 200 bytes"));
}

TEST_CASE("aliases and merge keys are replaced by what they name") {
  const auto bundle = good(R"(
variables:
  common: &common {region: west, port: 1}
  other: &other {port: 2, size: 9}
applications:
  web:
    charm: &charm ch:web
    options:
      <<: [*common, *other]
      region: east
  db: {charm: *charm, options: {<<: *other}}
)");
  CHECK(option(bundle, "web", "region") == "east");
  CHECK(option(bundle, "web", "port") == "1");
  CHECK(option(bundle, "web", "size") == "9");
  CHECK(option(bundle, "web", "<<") == "(none)");
  CHECK(option(bundle, "db", "port") == "2");
  CHECK(bundle.applications()[1].charm == "ch:web");
  CHECK(option(good("applications: {a: {charm: x, options: {'<<': y}}}"), "a", "<<") == "y");
  CHECK(wrong("a: {<<: b}").contains("<< of this map names neither a map nor a list of maps"));
  CHECK(wrong("a: {<<: [b]}").contains("names something that is no map"));
}

TEST_CASE("files that would eat the machine are problems") {
  CHECK(wrong("a: &a [*a]\n") == "b.yaml:1:8: an alias stands inside of what it names");
  CHECK(wrong("a: &a {b: &b [*a]}\n").contains("an alias stands inside of what it names"));
  CHECK(wrong(std::string(101, '[') + std::string(101, ']'))
            .contains("nested deeper than 100 levels"));
  CHECK_FALSE(wrong(std::string(100'000, '[')).empty());
  std::string deep;
  for (int i = 0; i < 101; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  CHECK(wrong(deep + std::string(101, ' ') + "b: c\n").contains("nested deeper than 100 levels"));
  CHECK(wrong("%\n,") ==
        "b.yaml:2:1: a bracket, comma or other mark that does not belong here");  // yaml-cpp reads
                                                                                  // it for ever
  std::string ladder = "a0: &a0 x\n";  // each alias one level deeper
  for (int i = 1; i < 120; ++i) ladder += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  CHECK(wrong(ladder).contains("nested deeper than 100 levels"));
  std::string laughs = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 12; ++i) {
    laughs += fmt::format(
        "l{0}: &l{0} [*l{1}, *l{1}, *l{1}, *l{1}, *l{1}, *l{1}, *l{1}, *l{1}, *l{1}, *l{1}]\n", i,
        i - 1);
  }
  CHECK(wrong(laughs).contains("more than 1000000 values, those that aliases repeat included"));
  std::string fat = "a: &a " + std::string(1 << 20, 'x') + "\nb: [";
  for (int i = 0; i < 100; ++i) fat += "*a, ";
  CHECK(wrong(fat + "]\n").contains("more than 64 MiB of text"));
  CHECK(wrong(std::string(k_largest_file + 1, ' ')) == "b.yaml: it is larger than 32 MiB");
}

TEST_CASE("further documents are overlays") {
  const auto bundle = good(std::string(k_base) +
                           "---\napplications:\n  web: {num_units: 5, options: {colour: "
                           "}}\n---\napplications: {db: {trust: false}}\n");
  CHECK(bundle.applications()[0].units == 5);
  CHECK(option(bundle, "web", "port") == "80");
  CHECK(option(bundle, "web", "colour") == "(none)");
  CHECK_FALSE(bundle.applications()[1].trust);
}

TEST_CASE("an overlay merges maps, replaces the rest, and null removes") {
  auto merged = overlaid(k_base,
                         "applications: {web: {options: {port: 81, new: [a]}, to: ['7'], channel: "
                         "edge}, more: {charm: z}}\nseries: noble\nrelations: [[more, web]]");
  CHECK(option(merged, "web", "port") == "81");
  CHECK(option(merged, "web", "colour") == "red");
  CHECK(merged.applications()[0].to == std::vector<std::string>{"7"});
  CHECK(merged.applications()[0].channel == "edge");
  CHECK(merged.root.find("series")->text == "noble");
  CHECK(relations(merged) == "web:db=db:server web=db more=web");
  CHECK(names(merged) == std::vector<std::string>{"web", "db", "more"});

  merged = overlaid(k_base, "relations: [[new, web]]\napplications: {db: , new: {charm: db}}");
  CHECK(names(merged) == std::vector<std::string>{"web", "new"});
  CHECK(relations(merged) == "new=web");

  merged = overlaid(k_base, "applications: {web: {options: , to: , constraints: }}\nseries:\n");
  CHECK(option(merged, "web", "port") == "(none)");
  CHECK(merged.applications()[0].to.empty());
  CHECK(merged.root.find("series") == nullptr);

  merged = overlaid(k_base, "applications: {db: {num_units: 1}, web: {scale: 9}}");
  CHECK(merged.applications()[0].units == 9);
  CHECK(merged.applications()[1].units == 1);
  CHECK(merged.applications()[1].spec->find("scale") == nullptr);

  CHECK(overlaid(k_base, "") == good(k_base));
  CHECK(join(overlaid(k_base, "applications: {none: }").warnings) ==
        "o.yaml:1:16: there is no none that this overlay could remove");
}

TEST_CASE("problems of an overlay name its file, those of the base the base's") {
  auto bundle = good(k_base);
  std::vector<Problem> problems;
  add_overlay(bundle, "applications: {web: {num_units: x}}", "o.yaml", false, problems);
  CHECK(join(problems) ==
        "o.yaml:1:33: num_units of web must be a whole number from 0 to 1000000, not 'x'");
  problems.clear();
  bundle = good(k_base);
  add_overlay(bundle, "relations: [[web, gone]]", "o.yaml", false, problems);
  CHECK(join(problems) ==
        "o.yaml:1:19: a relation of gone, which is no application of this bundle");
}

TEST_CASE("what a secret overlay says is marked and shown in no message") {
  const auto bundle = overlaid(
      k_base, "applications: {web: {options: {password: s3cret-word, list: [inner-secret]}}}",
      true);
  CHECK(bundle.secrets() == std::vector<std::string>{"s3cret-word", "inner-secret"});
  CHECK(option(bundle, "web", "password") == "s3cret-word");
  CHECK(print_bundle(bundle).contains("s3cret-word"));
  for (const auto* text :
       {"applications: {web: {num_units: hunter2}}", "applications: {web: {expose: hunter2}}",
        "applications: hunter2", "hunter2", "relations: [[web, hunter2 !]]", "relations: hunter2",
        "applications: {web: hunter2}", "applications: {web: {options: {password: *hunter2}}}",
        "applications: {web: {options: {password: !hunter2}}}"}) {
    auto other = good(k_base);
    std::vector<Problem> problems;
    add_overlay(other, text, "o.yaml", true, problems);
    INFO(text << " -> " << join(problems));
    REQUIRE_FALSE(problems.empty());
    CHECK_FALSE(join(problems).contains("hunter2"));
  }
}

TEST_CASE("includes are read below the local folder and nowhere else") {
  TempDir dir;
  const auto local = dir.path() / "local";
  fs::create_directories(local / "sub");
  REQUIRE(write_file_atomically(local / "sub/key.pem", "line 1\nline 2\n"));
  REQUIRE(write_file_atomically(local / "bytes", std::string("\x00\xff\x10\x80", 4)));
  REQUIRE(write_file_atomically(dir.path() / "outside", "outside"));
  fs::create_symlink("../outside", local / "leak");
  fs::create_symlink("sub", local / "alias");
  const auto resolved = [&](const std::string& value) -> std::pair<Bundle, std::string> {
    auto bundle = good(fmt::format(
        "applications: {{a: {{charm: x, options: {{o: '{}'}}, annotations: {{n: plain}}}}}}",
        value));
    std::vector<Problem> problems;
    resolve_includes(bundle, local, problems);
    return {bundle, join(problems)};
  };
  CHECK(option(resolved("include-file://sub/key.pem").first, "a", "o") == "line 1\nline 2\n");
  CHECK(option(resolved("include-file://alias/key.pem").first, "a", "o") == "line 1\nline 2\n");
  CHECK(option(resolved("include-file://" + (local / "sub/key.pem").string()).first, "a", "o") ==
        "line 1\nline 2\n");
  CHECK(option(resolved("include-base64://bytes").first, "a", "o") == "AP8QgA==");
  CHECK(option(resolved("include-base64://sub/key.pem").first, "a", "o") == "bGluZSAxCmxpbmUgMgo=");
  CHECK(resolved("include-base64://bytes").first.secrets() == std::vector<std::string>{"AP8QgA=="});
  CHECK(option(resolved("not include-file://x").first, "a", "o") == "not include-file://x");
  CHECK(resolved("include-file://bytes")
            .second.contains("'bytes' is no text; write include-base64://"));
  CHECK(resolved("include-file://none").second ==
        "b.yaml:1:43: include-file: there is no file 'none' in the local folder");
  CHECK(resolved("include-file://sub").second.contains("there is no file 'sub'"));
  CHECK(resolved("include-file://").second.contains("file is empty"));
  CHECK(resolved("include-file://../outside").second.contains("may not hold . or .."));
  CHECK(resolved("include-file://sub/../../outside").second.contains("may not hold . or .."));
  CHECK(resolved("include-file://" + (dir.path() / "outside").string())
            .second.contains("is not below the local folder"));
  CHECK(resolved("include-file://" + local.string() + "-other/x")
            .second.contains("is not below the local folder"));
  CHECK(resolved("include-file://" + local.string() + "/../outside")
            .second.contains("may not hold . or .."));
  CHECK(resolved("include-file://leak").second.contains("leads out of the local folder"));
}

TEST_CASE("a deployment inherits depth first, the child wins, maps merge and relations join") {
  constexpr std::string_view text = R"(
base:
  series: trusty
  services:
    web: {charm: web, num_units: 1, options: {a: base, b: base}}
    db: {charm: db}
  relations:
    - [web, db]
middle:
  inherits: base
  services:
    web: {options: {b: middle}}
    cache: {branch: "lp:cache"}
  relations: [[web, cache], [web, db]]
other:
  inherits: base
  series: xenial
  services: {db: {num_units: 4}}
top:
  inherits: [middle, other]
  services:
    web: {num_units: 7}
    db:
)";
  std::vector<Problem> problems;
  const auto file = parse_deployer(text, "d.yaml", problems);
  REQUIRE(join(problems).empty());
  CHECK(file.targets() == std::vector<std::string>{"base", "middle", "other", "top"});
  const auto bundle = select(file, "top", problems);
  REQUIRE(join(problems).empty());
  CHECK(names(bundle) == std::vector<std::string>{"web", "db", "cache"});
  CHECK(bundle.applications()[0].units == 7);
  CHECK(option(bundle, "web", "a") == "base");
  CHECK(option(bundle, "web", "b") ==
        "middle");  // `other` brings `base` only once, before `middle`
  CHECK(bundle.applications()[1].units == 4);
  CHECK(bundle.applications()[1].charm == "db");  // null in a deployment says nothing
  CHECK(bundle.applications()[2].charm == "cache");
  CHECK(bundle.root.find("series")->text == "xenial");
  CHECK(bundle.root.find("inherits") == nullptr);
  CHECK(relations(bundle) == "web=db web=cache");
  CHECK(good(print_bundle(bundle)) == bundle);
  CHECK(names(select(file, "base", problems)) == std::vector<std::string>{"web", "db"});
  REQUIRE(problems.empty());
}

TEST_CASE("targets: one need not be named, unknown ones are listed, a bundle has none") {
  const auto told = [](std::string_view text, const std::optional<std::string>& target) {
    std::vector<Problem> problems;
    const auto bundle = select(parse_deployer(text, "d.yaml", problems), target, problems);
    return join(problems) + "|" + join(bundle.warnings);
  };
  constexpr std::string_view one = "x: {services: {a: {charm: c}}}",
                             two =
                                 "trusty-mitaka: {services: {a: {charm: c}}}\nxenial-mitaka: "
                                 "{services: {a: {charm: c}}}\n";
  CHECK(told(one, {}) == "|");
  CHECK(told(two, {}) ==
        "d.yaml: it has 2 deployments; say target=NAME, one of trusty-mitaka, xenial-mitaka|");
  CHECK(told(two, "xenial-mitakka") ==
        "d.yaml: there is no target 'xenial-mitakka', is xenial-mitaka meant?; there are "
        "trusty-mitaka, xenial-mitaka|");
  CHECK(told(two, "zzz") ==
        "d.yaml: there is no target 'zzz'; there are trusty-mitaka, xenial-mitaka|");
  CHECK(told("services: {a: {charm: c}}", {}) == "|");
  CHECK(told("services: {a: {charm: c}}", "t") ==
        "|d.yaml: it is a bundle, so target=t means nothing");
  CHECK(told("x: {series: y}", {}) ==
        "d.yaml:1:1: x has no services, nor do those it inherits from|");
}

TEST_CASE("circles, unknown parents and other bad deployments are problems with places") {
  const auto told = [](std::string_view text, const std::string& target) {
    std::vector<Problem> problems;
    (void)select(parse_deployer(text, "d.yaml", problems), target, problems);
    return join(problems);
  };
  CHECK(told("a: {inherits: b, services: {x: }}\nb: {inherits: [c]}\nc: {inherits: a}\n", "a") ==
        "d.yaml:3:15: inherits from itself: a -> b -> c -> a");
  CHECK(told("a: {inherits: a, services: {x: }}", "a").contains("inherits from itself: a -> a"));
  CHECK(told("base: {services: {x: }}\na: {inherits: bse}\n", "a")
            .starts_with("d.yaml:2:15: inherits from 'bse', which is not there; is base meant?"));
  CHECK(told("a: {inherits: {b: c}, services: {x: }}", "a")
            .contains("1:15: inherits of the bundle must be a word or a list of words, not a map"));
  CHECK(told("a: [1]", "a").contains("d.yaml:1:4: a bundle must be a map, not a list"));
  CHECK(told("[]", "a").contains("it must be a bundle or a map of deployments, not a list"));
  CHECK(told("{}", "a").contains("not empty"));
  CHECK(told("a: {services: {x: }}\n---\nb: {services: {x: }}\n", "a")
            .contains("a juju-deployer file has one document"));
  std::string chain = "d0: {services: {x: }}\n";
  for (int i = 1; i < 500; ++i) chain += fmt::format("d{}: {{inherits: d{}}}\n", i, i - 1);
  CHECK(told(chain, "d499").contains("inherits through more than 100 deployments"));
  std::string diamonds = "a0: {services: {x: }}\nb0: {}\n";  // two ways at each of 60 steps
  for (int i = 1; i < 60; ++i)
    diamonds += fmt::format("a{0}: {{inherits: [a{1}, b{1}]}}\nb{0}: {{inherits: [a{1}, b{1}]}}\n",
                            i, i - 1);
  CHECK(told(diamonds, "a59").empty());
}

TEST_CASE("applications become the processes of a Procfile") {
  const std::vector<ProcfileEntry> entries{
      {"worker", "./work"}, {"web", "./serve"}, {"cron", "./cron"}};
  const auto run = [&](std::string_view text, const std::map<std::string, std::int64_t>& units,
                       std::vector<std::string>& notes) {
    auto made = processes_of(good(text), entries, units, "bundle.yaml", notes);
    if (!made) return "!" + made.error().what;
    std::string out;
    for (const auto& process : *made)
      out += fmt::format("{}{} x{} {}", out.empty() ? "" : ", ", process.type, process.units,
                         process.command);
    return out;
  };
  constexpr std::string_view text = R"(applications:
  thumbs: {charm: t, num_units: 3, annotations: {cdctl-process: worker}}
  web: {charm: w}
  mysql: {charm: m, num_units: 1}
  cron: {charm: c, num_units: 0}
)";
  std::vector<std::string> notes;
  CHECK(run(text, {}, notes) == "worker x3 ./work, web x1 ./serve");
  CHECK(notes ==
        std::vector<std::string>{"mysql is left out: the Procfile has no process of that name",
                                 "cron is not run: its count is 0"});
  notes.clear();
  CHECK(run(text, {{"worker", 9}, {"cron", 2}}, notes) == "worker x9 ./work, cron x2 ./cron");
  CHECK(notes.back() == "web is not run: its count is 0");
  notes.clear();
  CHECK(run("applications: {web: {charm: w}}", {{"web", 1}, {"worker", 2}}, notes) ==
        "web x1 ./serve");
  CHECK(notes ==
        std::vector<std::string>{
            "units wants 2 of worker, but no application of bundle.yaml means that process"});
  CHECK(run(text, {{"wrker", 1}}, notes) ==
        "!units wants 1 of 'wrker', but the Procfile has only worker, web, cron");
  CHECK(run("applications: {mysql: {charm: m}}", {}, notes)
            .starts_with("!bundle.yaml has no application with a process: call one like a process "
                         "of the Procfile (worker, web, cron)"));
  CHECK(run("applications: {web: {charm: m, num_units: 0}}", {}, notes) ==
        "!bundle.yaml: every application's count is 0, so nothing would run");
  CHECK(run("applications: {web: {charm: m, annotations: {cdctl-process: wurker}}}", {}, notes) ==
        "!b.yaml:1:61: cdctl-process of web names 'wurker', but the Procfile has only worker, web, "
        "cron");
  CHECK(run("applications: {web: {charm: m}, site: {charm: m, annotations: {cdctl-process: web}}}",
            {}, notes) ==
        "!b.yaml:1:33: web and site both mean the process web; give each its own in the Procfile");
}

TEST_CASE("printed bundles read as equal ones") {
  for (const std::string value : {"yes",
                                  "'yes'",
                                  "1",
                                  "'1'",
                                  "0x1f",
                                  "1e3",
                                  "'1e3'",
                                  "2020-01-01",
                                  "1:30",
                                  "'a: b'",
                                  "'# no comment'",
                                  "''",
                                  "' '",
                                  "\"a\\nb\\tc\\\\ \\\" d\"",
                                  "\"\\x01\\x7f\\x1b\"",
                                  "\"\\u2028 \\u0085 \\ufeff\"",
                                  "'null'",
                                  "'~'",
                                  "~",
                                  "[]",
                                  "{}",
                                  "[[], {}, [1, [2]], {a: {b: c}}]",
                                  "'- a'",
                                  "'*a'",
                                  "'&a'",
                                  "'!a'",
                                  "'%a'",
                                  "'@a'",
                                  "'`a'",
                                  "'|'",
                                  "'>'",
                                  "'{a'",
                                  "'a]'",
                                  "'---'",
                                  "'...'",
                                  "'='",
                                  "'<<'",
                                  "ünïcode",
                                  "'-'",
                                  "'?'",
                                  "':'",
                                  "'a:'",
                                  "a:b",
                                  "http://x/y?z=1#f",
                                  "'.5'",
                                  ".5",
                                  "-1",
                                  "'-1'",
                                  "+1",
                                  ".inf",
                                  "'.inf'",
                                  "y",
                                  "'N'",
                                  "'true '",
                                  "|\n        two\n        lines\n",
                                  ">\n        folded\n        text\n\n        more\n"}) {
    INFO(value);
    const auto bundle =
        good("applications:\n  a:\n    charm: x\n    options:\n      o: " + value + "\n");
    const auto again = good(print_bundle(bundle));
    CHECK(again == bundle);
    CHECK(print_bundle(again) == print_bundle(bundle));
  }
  CHECK(print_bundle(good("services: {b: {charm: 'cs:b', options: {'yes': 1, k: 'a b'}}}")) ==
        "applications:\n  b:\n    charm: cs:b\n    options:\n      \"yes\": 1\n      k: \"a b\"\n");
  CHECK(good(print_bundle(good(k_base))) == good(k_base));
}

TEST_CASE("printed random values read as equal ones") {
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::vector<std::string> pieces{
      "a",    "B",  "0", "1", "-", ":", " ", "#", "'", "\"", "\\",  "\n",   "\t", "{",
      "[",    ",",  "&", "*", "!", "|", ">", "%", "@", "~",  "yes", "null", "ü",  "\xe2\x80\xa8",
      "\x01", "  ", ".", "?", "<<"};
  const auto text = [&] {
    std::string out;
    for (auto n = below(8); n > 0; --n) out += pieces[below(pieces.size())];
    return out;
  };
  const std::function<Yaml(int)> value = [&](int depth) {
    Yaml out;
    const auto kind = below(depth > 0 ? 5 : 3);
    if (kind == 0) return out;
    if (kind <= 2) return Yaml::scalar(text(), {});
    out.kind = kind == 3 ? Yaml::Kind::list : Yaml::Kind::map;
    for (auto n = below(4); n > 0; --n) {
      if (out.is_list())
        out.items.push_back(value(depth - 1));
      else if (auto key = text(); !out.find(key))
        out.members.push_back({key, {}, value(depth - 1)});
    }
    return out;
  };
  for (int i = 0; i < 5000; ++i) {
    const auto made = value(5);
    const auto printed = print_yaml(made);
    std::vector<Problem> problems, warnings;
    const auto read = parse_yaml(printed, "p.yaml", problems, warnings);
    INFO(printed << join(problems));
    REQUIRE(problems.empty());
    REQUIRE(read.size() == 1);
    REQUIRE(read[0] == made);
  }
}
