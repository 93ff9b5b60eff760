// The manifests of tests/corpus/mojo against what is pinned beside them (its README tells the
// files), and the round trip.

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>

#include "plugins/mojo/manifest/plan.hpp"
#include "plugins/mojo/text/words.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
namespace fs = std::filesystem;

namespace {

const fs::path k_corpus = fs::path(CDCTL_SOURCE_DIR) / "tests/corpus/mojo";

std::string text_of(const fs::path& file) {
  auto text = read_file(file);
  REQUIRE(text);
  return std::move(*text);
}
std::string text_if_there(const fs::path& file) { return fs::exists(file) ? text_of(file) : ""; }

Json to_json(std::size_t line, const std::string& phase, const std::vector<PhaseOption>& options) {
  Json words = Json::array();
  for (const auto& option : options) words.push_back(Json::array({option.key, option.value}));
  return Json::array({line, phase, std::move(words)});
}
std::string rows_text(const Manifest& manifest) {
  std::string out;
  for (const auto& row : manifest.rows)
    out += to_json(row.line, row.phase, row.options).dump() + '\n';
  return out;
}
std::string steps_text(const Plan& plan) {
  std::string out;
  for (const auto& step : plan.steps)
    out += to_json(step.line, std::string(step.rule->name), step.options).dump() + '\n';
  return out;
}
std::string problems_text(const std::vector<Problem>& problems) {
  std::string out;
  for (const auto& problem : problems) out += problem.str() + '\n';
  return out;
}

/// The plan of a text alone: no file is looked for.
Plan plan_of(const std::string& text, bool with_series) {
  const Stage nowhere("/nonexistent", "");
  const Lookup lookup = [&](const std::string& name) -> std::optional<std::string> {
    return with_series && name == "MOJO_SERIES" ? std::optional<std::string>("noble")
                                                : std::nullopt;
  };
  PlanOptions options{nowhere, {}, lookup};
  options.check_files = false;
  return plan_text(options, text, "manifest");
}

void check_manifest(const fs::path& file) {
  const auto pin = [&](const char* suffix) { return fs::path(file).replace_extension(suffix); };
  const auto text = text_of(file);
  const auto parsed = parse_manifest(text, "manifest");
  const auto with = plan_of(text, true), without = plan_of(text, false);
  INFO(file.string());
  CHECK(fs::exists(pin(".rows.ndjson")) == parsed.problems.empty());
  CHECK(fs::exists(pin(".errors")) == !with.problems.empty());
  if (parsed.problems.empty()) CHECK(rows_text(parsed) == text_of(pin(".rows.ndjson")));
  CHECK(problems_text(with.problems) == text_if_there(pin(".errors")));
  CHECK(problems_text(with.warnings) == text_if_there(pin(".warnings")));
  const bool needs_series = fs::exists(pin(".unset"));
  CHECK(problems_text(without.problems) ==
        text_if_there(needs_series ? pin(".unset") : pin(".errors")));
  if (with.problems.empty()) {
    const auto expanded =
        fs::exists(pin(".expanded.ndjson")) ? pin(".expanded.ndjson") : pin(".rows.ndjson");
    CHECK(steps_text(with) == text_of(expanded));
  }
}

}  // namespace

TEST_CASE("each manifest of the corpus is read as it is pinned, with the series set and unset") {
  int manifests = 0;
  for (const auto& entry : fs::directory_iterator(k_corpus)) {
    if (entry.path().extension() != ".manifest") continue;
    ++manifests;
    check_manifest(entry.path());
  }
  CHECK(manifests >= 60);
}

TEST_CASE("the corpus holds no pin without its manifest, and its README names each manifest") {
  const std::set<std::string> suffixes{".manifest", ".rows.ndjson", ".expanded.ndjson",
                                       ".errors",   ".warnings",    ".unset"};
  const auto readme = text_of(k_corpus / "README.md");
  for (const auto& entry : fs::directory_iterator(k_corpus)) {
    const auto name = entry.path().filename().string();
    if (name == "README.md" || name == ".gitattributes" || name == "trees") continue;
    const auto stem = name.substr(0, name.find('.'));
    INFO(name);
    CHECK(suffixes.contains(name.substr(stem.size())));
    CHECK(fs::exists(k_corpus / (stem + ".manifest")));
    CHECK(readme.contains("`" + stem + "`"));
  }
}

namespace {

/// What a step of a spec tree became: where its line is, its phase, and its file, relative to the
/// tree.
std::string tree_text(const Plan& plan, const fs::path& tree) {
  std::string out;
  for (const auto& step : plan.steps) {
    out += step.where() +
           (step.file.empty() ? "" : " <- " + step.file.lexically_relative(tree).string());
    for (const auto& [name, value] : step.words) out += ' ' + name + '=' + quoted_word(value);
    out += '\n';
  }
  return out + problems_text(plan.warnings) + problems_text(plan.problems);
}

/// `stage manifest` of the line `== stage manifest`; `-` is no stage.
std::string plan_tree(const fs::path& tree, const std::string& stage, const std::string& name) {
  const Stage where(tree / "spec", stage == "-" ? "" : stage);
  const Lookup lookup = [](const std::string& variable) -> std::optional<std::string> {
    return variable == "MOJO_SERIES" ? std::optional<std::string>("noble") : std::nullopt;
  };
  return tree_text(
      make_plan({where, fs::exists(tree / "trunk") ? tree / "trunk" : fs::path(), lookup}, name),
      tree);
}

}  // namespace

TEST_CASE("each spec tree of the corpus is planned as it is pinned") {
  int trees = 0, plans = 0;
  for (const auto& entry : fs::directory_iterator(k_corpus / "trees")) {
    ++trees;
    INFO(entry.path().string());
    const auto pinned = text_of(entry.path() / "plans");
    std::string actual, stage, name;
    for (std::size_t at = 0; at < pinned.size();
         at = std::min(pinned.find('\n', at), pinned.size()) + 1) {
      if (pinned.compare(at, 3, "== ") != 0) continue;
      const auto header = pinned.substr(at, pinned.find('\n', at) - at);
      const auto blank = header.find(' ', 3);
      stage = header.substr(3, blank - 3);
      name = header.substr(blank + 1);
      actual += header + '\n' + plan_tree(entry.path(), stage, name);
      ++plans;
    }
    CHECK(actual == pinned);
  }
  CHECK(trees >= 6);
  CHECK(plans >= 20);
}

namespace {

/// Words that people would hardly write, and all that a manifest may hold.
class Rows {
 public:
  explicit Rows(unsigned seed) : random_(seed) {}

  Manifest manifest() {
    Manifest made;
    for (auto rows = pick(6); rows > 0; --rows) {
      const auto& rule = phase_rules()[pick(phase_rules().size())];
      ManifestRow row{0, std::string(rule.name), {}};
      for (auto options = pick(5); options > 0; --options)
        row.options.push_back({key(), value(), 0});
      made.rows.push_back(std::move(row));
    }
    return made;
  }

 private:
  std::size_t pick(std::size_t below) { return below == 0 ? 0 : random_() % below; }
  std::string key() {
    static const std::vector<std::string> keys{"config", "timeout", "--target", "max-wait",
                                               "KV",     "_X1",     "lxc",      "0"};
    return keys[pick(keys.size())];
  }
  std::string value() {
    static const std::vector<std::string> parts{
        "'", "\"", "\\", " ", "\t",  "=",  "#",   "${", "}",    "${A:-b}", "$",
        "ü", "€",  "😀", "x", "a b", "''", "\\'", "\v", "\x7f", ";",       "--"};
    std::string text;
    for (auto count = pick(9); count > 0; --count) text += parts[pick(parts.size())];
    return text;
  }

  std::mt19937 random_;
};

/// A manifest as text of another hand: blanks and quotes where print_manifest has none.
std::string other_hand(const Manifest& manifest) {
  std::string out = "# c\n\n";
  for (const auto& row : manifest.rows) {
    out += " \t" + row.phase;
    for (const auto& option : row.options) {
      out += "  \"" + option.key + "=";
      for (const char c : option.value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      out += "\"";
    }
    out += " \n#\n";
  }
  return out;
}

bool same_rows(const Manifest& a, const Manifest& b) {
  const auto same_option = [](const PhaseOption& x, const PhaseOption& y) {
    return x.key == y.key && x.value == y.value;
  };
  return std::ranges::equal(a.rows, b.rows, [&](const ManifestRow& x, const ManifestRow& y) {
    return x.phase == y.phase && std::ranges::equal(x.options, y.options, same_option);
  });
}

}  // namespace

TEST_CASE("what is printed is read as the same rows, whatever the words hold") {
  for (unsigned seed = 1; seed <= 5000; ++seed) {
    const auto made = Rows(seed).manifest();
    const auto printed = print_manifest(made);
    const auto again = parse_manifest(printed, "m");
    const auto other = parse_manifest(other_hand(made), "m");
    if (again.problems.empty() && other.problems.empty() && same_rows(made, again) &&
        same_rows(made, other) && print_manifest(again) == printed)
      continue;
    FAIL("seed " << seed << ":\n"
                 << printed << problems_text(again.problems) << other_hand(made)
                 << problems_text(other.problems));
  }
}

TEST_CASE("a word is quoted so that it is one word, itself, also at the start of a line") {
  for (const std::string word :
       {"", "#", "#x", "a b", "it's", "\"", "\\", "'", "''", "x=", "${A b}", "\t", "größe"}) {
    Problem problem;
    const auto words = shell_words(quoted_word(word), problem);
    INFO(word);
    CHECK(problem.what.empty());
    REQUIRE(words.size() == 1);
    CHECK(words[0].text == word);
  }
  CHECK(parse_manifest(quoted_word("#deploy") + " a=b\n", "m").problems.size() == 1);
}

TEST_CASE("manifests that include each other twice at each level end soon, with one error") {
  test::TempDir dir;
  for (int i = 0; i < 16; ++i) {
    std::string lines;
    for (int k = 0; k < 10; ++k) lines += "include config=b" + std::to_string(i + 1) + "\n";
    REQUIRE(write_file_atomically(dir.path() / ("b" + std::to_string(i)), lines));
  }
  REQUIRE(write_file_atomically(dir.path() / "b16", "sleep config=1\n"));
  const Stage stage(dir.path(), "");
  const auto plan = make_plan({stage, {}, [](const std::string&) { return std::nullopt; }}, "b0");
  CHECK(problems_text(plan.problems).ends_with("more than 1000 includes, or 32 MiB of them\n"));
  CHECK(plan.problems.size() == 1);
}

TEST_CASE("a spec's path may end in a slash") {
  const auto tree = k_corpus / "trees/stages/spec";
  const Stage plain(tree, "production"), slash(tree.string() + "/", "production");
  for (const std::string name : {"manifest", "Procfile", "none"})
    CHECK(slash.find(name).has_value() == plain.find(name).has_value());
  CHECK(
      make_plan({slash, {}, [](const std::string&) { return std::optional<std::string>("noble"); }},
                "manifest")
          .steps.at(1)
          .where() == "manifest:2: script open.sh");
}
