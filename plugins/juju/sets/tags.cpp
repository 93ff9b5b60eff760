#include "plugins/juju/sets/tags.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/juju/client/act.hpp"

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

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string read_value(std::string_view key, std::string_view text) {
  return key.starts_with(k_ours) ? decode(text) : std::string(text);
}

Failure garbled(std::string_view attempt, const Error& error) {
  return {Trouble::garbled, error.in(attempt)};
}

}  // namespace

Result<std::string> tags_text(const Tags& tags) {
  std::string out;
  for (const auto& [key, value] : tags) {
    const auto text = key.starts_with(k_ours) ? encode(value) : value;
    const bool good = !key.empty() && key.find_first_of("= \t\n") == std::string::npos &&
                      text.find_first_of(" \t\n") == std::string::npos;
    if (!good)
      return fail(fmt::format("Juju takes no tag '{}' with that value: it holds a blank",
                              printable(key, 60)));
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", key, text);
  }
  if (out.size() > k_longest) return fail(fmt::format("{} bytes of tags are too many", out.size()));
  // `KEY=@FILE` would have juju read a file of this machine
  if (out.starts_with('@')) return fail("Juju takes no tag that begins with @");
  return out;
}

Tags tags_from_text(std::string_view text) {
  Tags out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \t\n"), text.size());
    const auto pair = text.substr(0, end);
    if (const auto equals = pair.find('='); equals != std::string_view::npos && equals > 0) {
      const auto key = pair.substr(0, equals);
      out[std::string(key)] = read_value(key, pair.substr(equals + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
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

Asked<Tags> take_tags(const Asked<Answer>& answer, std::string_view attempt) {
  if (!answer) return std::unexpected(answer.error());
  auto tags = parse_tags(answer->json);
  if (!tags) return std::unexpected(garbled(attempt, tags.error()));
  return std::move(*tags);
}

Asked<Tags> read_tags(const Access& access, std::string_view model, std::string_view attempt) {
  return take_tags(juju_call(access, tags_question(model), attempt), attempt);
}

Asked<Tags> write_tags(const Access& access, std::string_view model, const Tags& all,
                       std::string_view attempt) {
  const auto text = tags_text(all);
  if (!text) return std::unexpected(garbled(attempt, text.error()));
  const auto written = juju_act(
      access, {"model-config", "-m", std::string(model), fmt::format("{}={}", k_key, *text)},
      attempt);
  // Where nobody answered it may have been written all the same: what is there tells
  if (!written && written.error().trouble != Trouble::unreachable)
    return std::unexpected(written.error());
  auto there = read_tags(access, model, attempt);
  if (!written && (!there || *there != all)) return std::unexpected(written.error());
  return there;
}

}  // namespace cdctl::juju
