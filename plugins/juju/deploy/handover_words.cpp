#include "plugins/juju/deploy/handover_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/juju/model/relations.hpp"

namespace cdctl::juju {

namespace {

constexpr ClientVersion k_first_with_base{3, 1}, k_first_without_series{4, 0};
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_series{
    {{"xenial", "16.04"},
     {"bionic", "18.04"},
     {"focal", "20.04"},
     {"jammy", "22.04"},
     {"noble", "24.04"},
     {"resolute", "26.04"}}};

bool plain(std::string_view text, std::string_view more) {
  const auto good = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.contains(c);
  };
  return !text.empty() && text.size() <= 1000 && text.front() != '-' &&
         std::ranges::all_of(text, good);
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.as_string() : value.is_null() ? std::string() : value.dump();
}

/// Collects options, and remembers the first that cannot be one.
class Words {
 public:
  Words(const std::string& name, std::vector<std::string> begun)
      : name_(name), words_(std::move(begun)) {}

  void add(std::string_view option, std::string_view key, const std::string& value,
           std::string_view more) {
    if (value.empty()) return;
    if (!plain(value, more)) return refuse(key, value);
    words_.insert(words_.end(), {std::string(option), value});
  }
  /// `OPTION NAME=VALUE` for each member of a map.
  void add_map(std::string_view option, std::string_view key, const Json& map,
               std::string_view more) {
    for (const auto& [member, value] : map.members()) {
      const auto text = text_of(value);
      if (!plain(member, "-_") || !plain(text, more)) return refuse(key, member);
      words_.insert(words_.end(), {std::string(option), fmt::format("{}={}", member, text)});
    }
  }
  void flag(std::string option) { words_.push_back(std::move(option)); }
  void refuse(std::string_view key, std::string_view value) {
    if (error_.empty())
      error_ = fmt::format("the bundle's {} of {} cannot be handed to juju: '{}'", key, name_,
                           printable(value, 80));
  }
  Result<std::vector<std::string>> take() {
    if (!error_.empty()) return fail(ExitCode::config, std::move(error_));
    return std::move(words_);
  }

 private:
  const std::string& name_;
  std::vector<std::string> words_;
  std::string error_;
};

std::string first_text(const Json& first, const char* key, const Json& second, const char* other) {
  const auto text = text_of(first[key]);
  return text.empty() ? text_of(second[other]) : text;
}

/// Clients from 3.1 on want a base (`ubuntu@22.04`), those before a series (`jammy`); a bundle may
/// say either.
void add_base(Words& words, const Json& application, const Json& bundle, ClientVersion client) {
  auto base = first_text(application, "base", bundle, "default-base");
  auto series = base.empty() ? first_text(application, "series", bundle, "series") : std::string();
  if (client < k_first_with_base && !base.empty()) {
    const auto version = base.substr(base.find('@') + 1);
    const auto at = std::ranges::find_if(k_series, [&](const auto& one) {
      return version.substr(0, version.find('/')) == one.second;
    });
    if (!base.starts_with("ubuntu@") || at == k_series.end()) return words.refuse("base", base);
    series = at->first;
    base.clear();
  } else if (client >= k_first_without_series && !series.empty()) {
    const auto at =
        std::ranges::find(k_series, series, &std::pair<std::string_view, std::string_view>::first);
    if (at == k_series.end()) return words.refuse("series", series);
    base = fmt::format("ubuntu@{}", at->second);
    series.clear();
  }
  words.add("--base", "base", base, "@./-");
  words.add("--series", "series", series, "-");
}

std::string constraints_of(const Json& value) {
  if (value.is_string()) return value.as_string();
  std::vector<std::string> out;
  for (const auto& [key, item] : value.members())
    out.push_back(fmt::format("{}={}", key, text_of(item)));
  return joined(out, " ");
}

std::string bindings_of(const Json& map) {
  std::vector<std::string> out;
  for (const auto& [endpoint, space] : map.members())
    out.push_back(endpoint.empty() ? text_of(space)
                                   : fmt::format("{}={}", endpoint, text_of(space)));
  return joined(out, " ");
}

}  // namespace

Result<std::vector<std::string>> deploy_words(const std::string& name, const Json& application,
                                              const Json& bundle, ClientVersion client) {
  const auto charm = text_of(application["charm"]);
  const bool path = charm.starts_with('/');
  const bool control =
      std::ranges::any_of(charm, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (charm.empty() || control || (!path && !plain(charm, "-_./:~+")))
    return fail(ExitCode::config,
                fmt::format("the bundle names no charm that juju could deploy as {}: '{}'", name,
                            printable(charm, 120)));
  Words words(name, {"deploy", charm, name});
  words.add("--channel", "channel", text_of(application["channel"]), "-_./");
  words.add("--revision", "revision", text_of(application["revision"]), "");
  words.add("--constraints", "constraints", constraints_of(application["constraints"]),
            "-_=,.|^:/ +*");
  const auto& count = application.find("scale") ? application["scale"] : application["num_units"];
  if (count.as_int() > 0)
    words.add("-n", "num_units", text_of(count), "");  // 0: a subordinate, which takes none
  add_base(words, application, bundle, client);
  words.add_map("--resource", "resources", application["resources"], "-_./:@+~,=");
  words.add_map("--storage", "storage", application["storage"], "-_./,:");
  words.add("--bind", "bindings", bindings_of(application["bindings"]), "-_=. ");
  if (application["trust"].as_bool()) words.flag("--trust");
  return words.take();
}

Result<std::vector<WantedRelation>> wanted_relations(const Json& bundle,
                                                     std::string_view application) {
  std::vector<WantedRelation> out;
  for (const auto& pair : bundle["relations"].items()) {
    if (pair.items().size() != 2 || !valid_relation_end(pair.items()[0].view(), false) ||
        !valid_relation_end(pair.items()[1].view(), false)) {
      return fail(ExitCode::config,
                  fmt::format("the bundle has a relation that juju would not take: {}",
                              printable(pair.dump(), 120)));
    }
    const auto from = pair.items()[0].as_string(), to = pair.items()[1].as_string();
    const bool first = from.substr(0, from.find(':')) == application,
               second = to.substr(0, to.find(':')) == application;
    if (first == second) continue;  // none of ours, or among its own units
    const auto& ours = first ? from : to;
    const auto colon = ours.find(':');
    out.push_back(
        {colon == std::string::npos ? std::string() : ours.substr(colon + 1), first ? to : from});
  }
  return out;
}

}  // namespace cdctl::juju
