#include "cli/setup/tarmac.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/setup/init_plugins.hpp"
#include "cli/setup/init_text.hpp"
#include "core/land/message.hpp"
#include "core/land/votes.hpp"

namespace cdctl::cli {

namespace {

struct Entry {
  std::string key, value;
};
struct Section {
  std::string name;
  std::vector<Entry> entries;

  [[nodiscard]] const std::string* find(std::string_view key) const {
    const auto at = std::ranges::find(entries, key, &Entry::key);
    return at == entries.end() ? nullptr : &at->value;
  }
};

std::unexpected<Error> wrong(std::size_t line, std::string_view what) {
  return fail(ExitCode::config, fmt::format("line {}: {}", line, what));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

/// As Python's ConfigParser reads it: `key = value` or `key: value`, a line that begins with a
/// blank goes on with the value, the last of two values holds.
Result<std::vector<Section>> sections_of(std::string_view text) {
  std::vector<Section> out;
  std::size_t number = 0;
  for (const auto line : lines(text)) {
    ++number;
    const auto word = trimmed(line);
    if (word.empty() || word.starts_with('#') || word.starts_with(';')) continue;
    if (line.starts_with('[')) {
      if (!word.ends_with(']')) return wrong(number, "a section must end with ]");
      out.push_back({std::string(trimmed(word.substr(1, word.size() - 2))), {}});
      continue;
    }
    if (out.empty()) return wrong(number, "this is no tarmac.conf: no [section] comes before it");
    auto& entries = out.back().entries;
    if ((line.starts_with(' ') || line.starts_with('\t')) && !entries.empty()) {
      entries.back().value.append("\n").append(word);
      continue;
    }
    const auto sign = word.find_first_of("=:");
    if (sign == word.npos) return wrong(number, "a line must be KEY = VALUE");
    const auto key = lower(trimmed(word.substr(0, sign)));
    std::erase_if(entries, [&](const Entry& one) { return one.key == key; });
    entries.push_back({key, std::string(trimmed(word.substr(sign + 1)))});
  }
  return out;
}

/// Takes out of a template the placeholders that our messages do not know; gives their names.
std::vector<std::string> drop_unknown(std::string& text) {
  std::vector<std::string> out;
  const auto& known = land::message_names();
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) {
    const auto end = text.find('>', at);
    if (end == std::string::npos) break;
    const auto name = text.substr(at + 1, end - at - 1);
    const bool word =
        !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
    if (word && std::ranges::find(known, name) == known.end()) {
      text.erase(at, end - at + 1);
      out.push_back("<" + name + ">");
    } else {
      at = end;
    }
  }
  return out;
}

/// What has no place here, in words for whoever looks for it.
std::string why_dropped(std::string_view key) {
  struct Dropped {
    std::string_view key, why;
  };
  constexpr std::array k_dropped{
      Dropped{"log_file",
              "each command says on stderr what it does; cdctl history has what was done"},
      Dropped{"rejected_branch_status",
              "a proposal that is rejected is told why; it has no status"},
      Dropped{"verify_command_output_timeout",
              "write verify.silence = \"15m\": after so long without output the command is ended"},
      Dropped{"tree_dir", "merges are made in a copy of the home's own"},
      Dropped{"package_recipe", "a landed revision is built by what cdctl outdated begins"},
      Dropped{"recipe_series", "a landed revision is built by what cdctl outdated begins"},
      Dropped{"cia_project", "CIA is no more; cdctl notify tells sinks"},
      Dropped{"cia_server", "CIA is no more; cdctl notify tells sinks"},
  };
  const auto at = std::ranges::find(k_dropped, key, &Dropped::key);
  return std::string(at == k_dropped.end() ? "no key of Tarmac's that is known here" : at->why);
}

/// Makes the file of one target.
class Importer {
 public:
  Importer(const Section& section, const std::string* votes_of_all, std::string name)
      : section_(section), votes_of_all_(votes_of_all), name_(std::move(name)) {}

  ImportedTarget run(std::string_view forge, std::vector<records::ImportRecord>& told) {
    auto text = fmt::format("# From tarmac.conf, [{}].\nrepository = {}\n",
                            printable(section_.name, 200), toml_text(section_.name));
    if (!forge.empty()) text += fmt::format("forge = {}\n", toml_text(forge));
    text += votes() + contributors() + message() + verify();
    for (const auto& entry : section_.entries)
      if (!settled(entry.key)) say(entry.key, {}, why_dropped(entry.key));
    std::ranges::stable_sort(told_, {}, [&](const records::ImportRecord& record) {
      return std::ranges::find(section_.entries, record.key, &Entry::key) -
             section_.entries.begin();
    });
    std::ranges::move(told_, std::back_inserter(told));
    return {name_, section_.name, std::move(text)};
  }

 private:
  void say(std::string_view key, std::optional<std::string> to, std::string why = {}) {
    const auto target = to ? name_ : std::string();
    told_.push_back({section_.name, std::string(key), target, std::move(to), std::move(why)});
  }
  [[nodiscard]] bool settled(std::string_view key) const {
    return std::ranges::find(told_, key, &records::ImportRecord::key) != told_.end();
  }

  std::string votes() {
    const auto* own = section_.find("voting_criteria");
    const auto* given = own ? own : votes_of_all_;
    if (!given) return {};
    const auto policy = land::VotePolicy::parse(*given);
    if (own)
      say("voting_criteria", "votes",
          policy ? "" : "correct it, until then nothing lands: " + policy.error().what);
    // What cannot be read is refused, rather than replaced by a default that asks for less.
    return fmt::format("votes = {}{}\n", toml_text(*given), policy ? "" : "    # correct this");
  }

  std::string contributors() {
    const auto* given = section_.find("allowed_contributors");
    if (!given) return {};
    std::string addresses, others;
    for (const auto one : split(*given, ',')) {
      const auto name = trimmed(one);
      if (name.empty()) continue;
      auto& list = name.contains('@') ? addresses : others;
      list += fmt::format("{}{}", list.empty() ? "" : ", ", toml_text(name));
    }
    say("allowed_contributors", "contributors",
        others.empty()
            ? ""
            : "people and teams of Launchpad are not looked up: write the addresses of " + others);
    // Until somebody has done so nobody may contribute, rather than everybody.
    if (!others.empty())
      return fmt::format("contributors = [{}]    # and the addresses of {}\n",
                         addresses.empty() ? "\"nobody\"" : addresses, others);
    return addresses.empty() ? std::string() : fmt::format("contributors = [{}]\n", addresses);
  }

  std::string message() {
    const auto* given = section_.find("commit_message_template");
    if (!given) return {};
    auto text = *given;
    const auto gone = drop_unknown(text);
    say("commit_message_template", "message",
        gone.empty() ? "" : "without " + joined(gone) + ", which is not there");
    return fmt::format("message = {}\n", toml_text(trimmed(text)));
  }

  std::string verify() {
    const auto* command = section_.find("verify_command");
    const auto* old = section_.find("test_command");
    if (command) say("verify_command", "verify.command");
    if (old)
      say("test_command", command ? std::nullopt : std::optional<std::string>("verify.command"),
          command ? "verify_command is there" : "");
    const auto* given = command ? command : old;
    return fmt::format("\n[verify]\ncommand = {}{}\n",
                       toml_text(given ? std::string_view(*given) : "true"),
                       given ? "" : "    # correct this: it tests nothing");
  }

  const Section& section_;
  const std::string* votes_of_all_;
  std::string name_;
  std::vector<records::ImportRecord> told_;
};

/// `lp:~team/thumbs/trunk` → `thumbs-trunk`
std::string name_of(std::string_view branch, const std::vector<ImportedTarget>& others) {
  const auto path = branch.substr(std::min(branch.find(':') + 1, branch.size()));
  std::string words;
  for (const auto part : split(path, '/'))
    if (!part.empty() && !part.starts_with('~'))
      words.append(words.empty() ? "" : "-").append(part);
  auto name = service_name_from(words);
  if (name.empty()) name = "target";
  const auto taken = [&](const std::string& one) {
    return std::ranges::find(others, one, &ImportedTarget::name) != others.end();
  };
  auto out = name;
  for (int number = 2; taken(out); ++number)
    out = fmt::format("{}-no{}", name.substr(0, 32), number);
  return out;
}

}  // namespace

Result<TarmacImport> import_tarmac(
    std::string_view text, const std::function<std::string(const std::string& branch)>& forge_of) {
  CDCTL_TRY_ASSIGN(const auto sections, sections_of(text));
  TarmacImport out;
  const auto all =
      std::ranges::find(sections, "tarmac", [](const Section& one) { return lower(one.name); });
  const auto* votes = all == sections.end() ? nullptr : all->find("voting_criteria");
  if (all != sections.end())
    for (const auto& [key, value] : all->entries) {
      const bool is_votes = key == "voting_criteria";
      out.keys.push_back({all->name,
                          key,
                          {},
                          is_votes ? std::optional<std::string>("votes") : std::nullopt,
                          is_votes ? "of each target that has none of its own" : why_dropped(key)});
    }
  for (const auto& section : sections) {
    if (lower(section.name) == "tarmac") continue;
    auto name = name_of(section.name, out.targets);
    out.targets.push_back(
        Importer(section, votes, std::move(name)).run(forge_of(section.name), out.keys));
  }
  if (out.targets.empty()) return fail(ExitCode::config, "it names no branch, such as [lp:thumbs]");
  return out;
}

}  // namespace cdctl::cli
