#include "plugins/juju/sets/tags.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/juju/client/wait.hpp"

namespace cdctl::juju {

namespace {

constexpr std::string_view k_key = "resource-tags", k_ours = "cdctl-";
constexpr std::size_t k_longest = 100'000;  // one word of an argument list holds 128 KiB

bool plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("._:@+-").contains(c);
}

std::string encode(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (plain(c))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string read_value(std::string_view key, std::string_view text) {
  return key.starts_with(k_ours) ? url_decode(text) : std::string(text);
}

Failure garbled(std::string_view attempt, const Error& error) {
  return {FailureKind::garbled, error.in(attempt)};
}

}  // namespace

Result<std::string> tags_text(const Tags& tags) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : tags) {
    const auto text = key.starts_with(k_ours) ? encode(value) : value;
    const bool good = !key.empty() && key.find_first_of("= \t\n") == std::string::npos &&
                      text.find_first_of(" \t\n") == std::string::npos;
    if (!good)
      return fail(fmt::format("Juju takes no tag '{}' with that value: it holds a blank",
                              printable(key, 60)));
    pairs.push_back(fmt::format("{}={}", key, text));
  }
  auto out = joined(pairs, " ");
  if (out.size() > k_longest) return fail(fmt::format("{} bytes of tags are too many", out.size()));
  // `KEY=@FILE` would have juju read a file of this machine
  if (out.starts_with('@')) return fail("Juju takes no tag that begins with @");
  return out;
}

Tags tags_from_text(std::string_view text) {
  Tags out;
  for (const auto line : lines(text)) {
    for (auto value : words(line)) {
      if (!value.contains('=')) continue;
      const auto key = take_until(value, '=');
      if (!key.empty()) out[std::string(key)] = read_value(key, value);
    }
  }
  return out;
}

Question tags_question(std::string_view model) {
  return {"model-config", "-m", std::string(model), std::string(k_key)};
}

Result<Tags> parse_tags(const Json& answer) {
  const auto* entry = answer.find(k_key);
  const auto* value = entry ? entry->find("Value") : nullptr;
  if (!value) return fail(ExitCode::unknown, "the answer says nothing of resource-tags");
  if (value->is_null()) return Tags{};
  if (value->is_string()) return tags_from_text(value->view());
  if (!value->is_object())
    return fail(ExitCode::unknown,
                "the resource-tags of the answer are neither text nor an object");
  Tags out;
  for (const auto& [key, item] : value->members())
    out[key] = read_value(key, item.is_string() ? item.as_string() : item.dump());
  return out;
}

Asked<Tags> take_tags(const Asked<JujuAnswer>& answer, std::string_view attempt) {
  if (!answer) return std::unexpected(answer.error());
  auto tags = parse_tags(answer->json);
  if (!tags) return std::unexpected(garbled(attempt, tags.error()));
  return std::move(*tags);
}

Asked<Tags> read_tags(const Access& access, std::string_view model, std::string_view attempt) {
  return take_tags(juju_call(access, tags_question(model), attempt), attempt);
}

namespace {

constexpr int k_most_tries = 5;

Result<OfdLock> lock_tags(const Access& access, const std::filesystem::path& path,
                          std::string_view attempt) {
  CDCTL_TRY(make_directories(path.parent_path(), 0700));
  for (;;) {
    // In slices, so that a Ctrl-C is heard
    CDCTL_TRY_ASSIGN(auto lock, OfdLock::acquire(path, access.until.at_most(Millis(100))));
    if (lock && lock->still_at(path)) return std::move(*lock);
    if (Stop::requested() && !access.last_words) return fail(stopped(attempt));
    if (access.until.passed())
      return fail(
          ExitCode::timeout,
          fmt::format("{}: another cdctl of this machine changes the tags of that model; try again",
                      attempt));
  }
}

/// Sets all of them at once, and reads what is there afterwards: to be compared with what was
/// wanted, since a lost connection is not an error here when that can be read.
Asked<Tags> write_tags(const Access& access, std::string_view model, const Tags& all,
                       std::string_view attempt) {
  const auto text = tags_text(all);
  if (!text) return std::unexpected(garbled(attempt, text.error()));
  const auto written = juju_act(
      access, {"model-config", "-m", std::string(model), fmt::format("{}={}", k_key, *text)},
      attempt);
  // Where nobody answered, it can have been written all the same: what is there tells
  if (!written && written.error().kind != FailureKind::unreachable)
    return std::unexpected(written.error());
  auto there = read_tags(access, model, attempt);
  if (!written && (!there || *there != all)) return std::unexpected(written.error());
  return there;
}

/// What the edit changed is there. What others changed meanwhile does not matter.
bool holds(const Tags& there, const Tags& before, const Tags& wanted) {
  const auto value = [](const Tags& tags, const std::string& key) {
    const auto at = tags.find(key);
    return at == tags.end() ? nullptr : &at->second;
  };
  const auto same = [](const std::string* a, const std::string* b) {
    return a && b ? *a == *b : a == b;
  };
  const auto stays = [&](const auto& tag) {
    const auto* now = value(there, tag.first);
    const auto* then = value(wanted, tag.first);
    return same(value(before, tag.first), then) || same(now, then);
  };
  return std::ranges::all_of(before, stays) && std::ranges::all_of(wanted, stays);
}

}  // namespace

Result<Tags> change_tags(const Access& access, const TagSite& site, const TagEdit& edit,
                         std::string_view attempt) {
  CDCTL_TRY_ASSIGN(const auto held, lock_tags(access, site.lock, attempt));
  for (int tries = 1;; ++tries) {
    const auto before = read_tags(access, site.model, attempt);
    if (!before) return fail(before.error().error);
    auto wanted = *before;
    CDCTL_TRY(edit(wanted));
    if (wanted == *before) return wanted;
    auto there = write_tags(access, site.model, wanted, attempt);
    if (!there) return fail(std::move(there.error().error));
    if (holds(*there, *before, wanted)) return std::move(*there);
    if (tries < k_most_tries && pause_before_repeat(tries - 1, access.until)) continue;
    return fail(ExitCode::unknown,
                fmt::format("{}: the tags that Juju has are not those that were set; somebody else "
                            "writes them at this moment, or Juju does not keep them; try again",
                            attempt));
  }
}

}  // namespace cdctl::juju
