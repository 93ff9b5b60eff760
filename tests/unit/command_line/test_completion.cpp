#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

#include <cdctl/child.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/completion/completions.hpp"
#include "cli/command_line/completion/line.hpp"
#include "cli/command_line/completion/names.hpp"
#include "cli/command_line/completion/point.hpp"
#include "cli/command_line/completion/scripts.hpp"
#include "cli/command_line/completion/values.hpp"
#include "cli/command_line/parse.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::cli;
using namespace cdctl::cli::completion;

namespace {

using Words = std::vector<std::string>;

CompletionPoint point_of(std::string_view line) {
  plugins::PluginHost none({});
  return find_point(none, read_line(line).words);
}

/// The words of each `cdctl …` in an example, redirections left out.
std::vector<Words> stages_of(std::string_view example) {
  std::vector<Words> out;
  bool ours = false, redirected = false;
  for (const auto& word : read_line("shell " + std::string(example)).words) {
    if (word == "|")
      ours = false;
    else if (redirected)
      redirected = false;
    else if (word.starts_with('<') || word.starts_with('>'))
      redirected = word.size() == 1;
    else if (word == "cdctl")
      ours = true, out.emplace_back();
    else if (ours)
      out.back().push_back(word);
  }
  return out;
}

const cli::Command* row_of(std::string_view name) {
  const auto at = std::ranges::find(commands(), name, &cli::Command::name);
  return at == commands().end() ? nullptr : &*at;
}

std::string complete_with(const std::filesystem::path& folder, std::string_view shell,
                          std::string line, Words more = {}) {
  cdctl::Program command;
  command.argv = {CDCTL_BUILD_DIR "/bin/cdctl", "__complete", std::string(shell), "--",
                  std::move(line)};
  command.argv.insert(command.argv.end(), more.begin(), more.end());
  command.unset_env = {"CDCTL_CONFIG", "CDCTL_OUTPUT", "XDG_CONFIG_HOME"};
  command.env = {{"HOME", "/nonexistent"}, {"CDCTL_HOME", (folder / "home").string()}};
  command.directory = folder;
  command.deadline = Deadline(Millis(20'000));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->ok());
  CHECK(finished->err.empty());
  return finished->out;
}

}  // namespace

TEST_CASE(
    "every row has a summary, examples that its own parser takes, and values that completion "
    "knows") {
  for (const auto& row : commands()) {
    INFO(row.name);
    CHECK_FALSE(row.summary.empty());
    for (std::string_view rest = row.examples; !rest.empty();) {
      const auto example = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(example.size() + 1, rest.size()));
      INFO(example);
      const auto stages = stages_of(example);
      CHECK_FALSE(stages.empty());
      for (const auto& stage : stages) {
        REQUIRE_FALSE(stage.empty());
        const auto* command = row_of(stage.front());
        REQUIRE(command);
        const auto args =
            parse_words(command->name, all_options_of(*command), !command->arguments.empty(),
                        {stage.begin() + 1, stage.end()});
        if (!args) FAIL_CHECK(args.error().what);
      }
    }
    if (row.hidden) continue;  // nobody types it
    for (std::size_t i = 0; i < 5; ++i)
      if (const auto name = argument_name(row.arguments, i); !name.empty() && !kind_of(name))
        FAIL_CHECK("cli/command_line/completion/values.cpp does not know the argument " << name);
    for (const auto& rows : {row.options, global_options()})
      for (const auto& option : rows)
        if (!option.value.empty() && option.choices.empty() && !kind_of(option.value))
          FAIL_CHECK("cli/command_line/completion/values.cpp does not know the value "
                     << option.value << " of --" << option.name);
  }
}

TEST_CASE("a line is cut into words as the shells cut it") {
  CHECK(read_line("cdctl ").words == Words{""});
  CHECK(read_line("cdctl").words == Words{""});
  CHECK(read_line("cdctl inspect th").words == Words{"inspect", "th"});
  CHECK(read_line("A=1 time cdctl ls ").words == Words{"ls", ""});
  CHECK(read_line("cdctl trip --rule 'errors >= 5 i").words ==
        Words{"trip", "--rule", "errors >= 5 i"});
  CHECK(read_line("cdctl trip -r errors\\ \\>=\\ 5").words == Words{"trip", "-r", "errors >= 5"});
  CHECK(read_line("cdctl a\"b c\"'d'e").words == Words{"ab cde"});
  CHECK(read_line("cdctl a\\").words == Words{"a"});
  CHECK(unquote("\"a\\\"b\\c").text == "a\"b\\c");
  CHECK(unquote("\"a").open == '"');
}

TEST_CASE("bash replaces only the end of a word") {
  CHECK(bash_reply("--output=json", "--output=js", "js") == "json");
  CHECK(bash_reply("--output=json", "--output=", "") == "json");
  CHECK(bash_reply("--output", "--ou", "--ou") == "--output");
  CHECK(bash_reply("thumbs@newest", "thumbs@", "") == "newest");
  CHECK(bash_reply("thumbs@newest", "thumbs@ne", "thumbs@ne") == "thumbs@newest");
  CHECK(bash_reply("thumbs-r0", "'thu", "thu") == "thumbs-r0");
  CHECK(bash_reply("errors >= 5", "err", "err") == "errors\\ \\>=\\ 5");
  CHECK(bash_reply("errors >= 5", "\"err", "err") == "errors >= 5");
  CHECK(bash_reply("a$b", "\"a", "a") == "a\\$b");
  CHECK_FALSE(bash_reply("it's", "'i", "i"));
  CHECK_FALSE(bash_reply("json", "--output=", ""));
}

TEST_CASE("the name of an argument is found behind brackets and dots") {
  CHECK(argument_name("[SERVICE[@REV]…]", 0) == "SERVICE[@REV]");
  CHECK(argument_name("[SERVICE[@REV]…]", 7) == "SERVICE[@REV]");
  CHECK(argument_name("SET…", 3) == "SET");
  CHECK(argument_name("[SPEC [WORKSPACE]]", 1) == "WORKSPACE");
  CHECK(argument_name("[SPEC [WORKSPACE]]", 2).empty());
  CHECK(argument_name("STATE SERVICE|SET…", 2) == "SERVICE|SET");
  CHECK(argument_name("", 0).empty());
}

TEST_CASE("the place of a word is what the rows say") {
  using K = CompletionPoint::Kind;
  CHECK(point_of("cdctl ").kind == K::command);
  CHECK(point_of("cdctl -o json ").kind == K::command);
  CHECK(point_of("cdctl help ").kind == K::command);
  CHECK(point_of("cdctl help ls ").kind == K::nothing);
  CHECK(point_of("cdctl ls --").kind == K::option);
  CHECK(point_of("cdctl ls -- --").kind == K::value);
  CHECK(point_of("cdctl version ").kind == K::nothing);
  CHECK(point_of("cdctl unheard-of a ").kind == K::external);
  for (const auto* line :
       {"cdctl -o j", "cdctl ls -o j", "cdctl ls --output j", "cdctl ls --output=j", "cdctl ls -oj",
        "cdctl ls -qo j", "cdctl --output=j"}) {
    INFO(line);
    const auto point = point_of(line);
    CHECK(point.kind == K::value);
    CHECK(point.value == "FORMAT");
    CHECK(point.word == "j");
  }
  CHECK(point_of("cdctl ls --output=j").before == "--output=");
  CHECK(point_of("cdctl ls -oj").before == "-o");
  CHECK(point_of("cdctl signals --follow ").value ==
        "SELECTOR");  // an optional value comes with an equals sign only
  CHECK(point_of("cdctl signals --follow=").value == "NAME");
  CHECK(point_of("cdctl force open ").value == "SERVICE|SET");
  CHECK(point_of("cdctl break --why x --even-last ").value == "SET");
  CHECK(point_of("cdctl break --dry-run --").given.contains("dry-run"));
  CHECK(point_of("cdctl ls --quiet=").kind == K::nothing);
}

TEST_CASE("names of sets survive the cache, and nonsense in it does not") {
  const std::vector<KnownSet> sets{{{"thumbs", "r5f0c1e9a2b"}, true, true, "live"},
                                   {{"thumbs", "r0000000001"}, false, false, "live, cut"}};
  const auto text = NamesCache::to_text(sets);
  const auto back = NamesCache::from_text(text);
  REQUIRE(back.size() == 2);
  CHECK(back[0].newest);
  CHECK(back[0].here);
  CHECK_FALSE(back[1].newest);
  CHECK(back[1].note == "live, cut");
  CHECK(NamesCache::to_text(back) == text);
  CHECK(NamesCache::from_text("x\n" + text).empty());
  CHECK(NamesCache::from_text(
            "cdctl names 1\nno set\t\t\n../etc\tn\tlive\nthumbs-r0000000001\t\ta\033b\n")
            .size() == 1);
}

TEST_CASE("the program answers by its rows, its configuration's file names and the cache") {
  const test::TempDir scratch;
  const auto& folder = scratch.path();
  std::filesystem::create_directories(folder / "services.d");
  std::filesystem::create_directories(folder / "home");
  std::ofstream(folder / "cdctl.toml").close();
  std::ofstream(folder / "services.d/thumbs.toml")
      << "[sources]\ntrunk = { git = \"x\" }\nconfig = { file = \"y\" }\nspec = { bzr = \"z\" }\n";
  std::ofstream(folder / "services.d/thumbnails.toml") << "not even TOML";
  std::ofstream(folder / "services.d/Not a name.toml").close();
  CHECK(
      complete_with(folder, "fish", "cdctl outd") ==
      "outdated\tWhich services have something newer than what is out there, or have fallen\n:\n");
  CHECK(complete_with(folder, "fish", "cdctl outdated thumb") ==
        "thumbnails\tservice\nthumbs\tservice\n:\n");
  CHECK(complete_with(folder, "zsh", "cdctl deploy thumbs --source ") ==
        "spec=\tsource\ntrunk=\tsource\n: nospace\n");
  CHECK(complete_with(folder, "fish", "cdctl ls --output=w") == "--output=wide\n:\n");
  CHECK(complete_with(folder, "bash", "cdctl ls --output=w", {"w"}) == "wide\n:\n");
  CHECK(complete_with(folder, "bash", "cdctl ls --output=", {""}) ==
        "ndjson\njson\ntable\nwide\nname\n:\n");
  CHECK(complete_with(folder, "fish", "cdctl ls --config ") == ": files\n");
  CHECK(complete_with(folder, "fish", "cdctl ls --plugin-path ") == ": folders\n");
  CHECK(complete_with(folder, "fish", "cdctl trip --rule 'critical >= 2 ")
            .starts_with("critical >= 2 in 5m\n"));
  CHECK(complete_with(folder, "fish", "cdctl probe --every 5") ==
        "5s\tseconds\n5m\tminutes\n5h\thours\n5d\tdays\n5w\tweeks\n:\n");
  CHECK(complete_with(folder, "fish", "cdctl force ob") == "observe\tis judged, not cut\n:\n");
  CHECK(complete_with(folder, "fish", "cdctl config ") ==
        "show\twhat holds\ncheck\tall that is wrong\nexplain\twhat a key means\npath\twhich file "
        "it is\n:\n");
  CHECK(complete_with(folder, "fish", "cdctl config show thumb") ==
        "thumbnails\tservice\nthumbs\tservice\n:\n");
  const auto keys = complete_with(folder, "fish", "cdctl config explain reaper.k");
  CHECK(keys.starts_with("reaper.keep\t"));
  CHECK(std::ranges::count(keys, '\n') == 2);
  CHECK_FALSE(complete_with(folder, "fish", "cdctl config explain ").contains("thumbs"));
  CHECK(complete_with(folder, "fish", "cdctl config explain reaper.keep ") == ":\n");
  for (const auto* verb : {"check", "path"})
    CHECK(complete_with(folder, "fish", std::string("cdctl config ") + verb + " ") == ":\n");
  CHECK(complete_with(folder, "bash", "cdctl d", {"d", "60"})
            .starts_with("deploy  (Put revisions out beside"));
  CHECK(complete_with(folder, "bash", "cdctl \377\n'\"\\", {"\377"}) == ":\n");
  CHECK(complete_with(folder, "fish", "cdctl ls --config /nonexistent thu") == ":\n");

  NamesCache cache(folder / "home", folder / "cdctl.toml");
  cache.write({{{"thumbs", "r5f0c1e9a2b"}, true, false, "live"},
               {{"thumbs", "r5f0d000000"}, false, false, "live, cut"}});
  CHECK(complete_with(folder, "fish", "cdctl inspect thumbs@") ==
        "thumbs@newest\tthe set deployed last\nthumbs@previous\tthe uncut one that came before "
        "it\nthumbs@proven\tthe newest that is proven\nthumbs@r5f0c\tlive, "
        "newest\nthumbs@r5f0d\tlive, cut\n:\n");
  CHECK(complete_with(folder, "fish", "cdctl inspect thumbs@r5f0d0") ==
        "thumbs@r5f0d000000\tlive, cut\n:\n");
  CHECK(complete_with(folder, "fish", "cdctl break thumbs-r5f0d000000 thumbs-") ==
        "thumbs-r5f0c1e9a2b\tlive, newest\n:\n");
  CHECK(complete_with(folder, "fish", "cdctl deploy thumbs@r5f0c") ==
        "thumbs@r5f0c\tlive, newest\n:\n");
}

TEST_CASE("each shell has a script") {
  for (const auto* shell : {"bash", "zsh", "fish"})
    CHECK(completion_script(shell).contains("__complete"));
  CHECK(completion_script("sh").empty());
}
