#include "plugins/mojo/text/mask.hpp"

#include <algorithm>
#include <array>

#include <cdctl/secret.hpp>
#include <cdctl/text.hpp>

extern char** environ;

namespace cdctl::mojo {

namespace {

constexpr std::size_t k_shortest = 7;
constexpr std::size_t k_most = 20'000;  // more would make every line of output slow

bool secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 8> parts{"PASSW",   "SECRET",  "TOKEN",      "APIKEY",
                                                  "API_KEY", "PRIVATE", "CREDENTIAL", "AMQP_URL"};
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  });
  return std::ranges::any_of(parts, [&](std::string_view part) { return upper.contains(part); });
}

std::string_view bare(std::string_view text) {
  constexpr std::string_view around = " \t\r\"',";
  const auto first = text.find_first_not_of(around);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(around) - first + 1);
}

}  // namespace

void Mask::add(std::string_view secret) {
  for (const auto line : lines(secret)) {
    if (line.size() < k_shortest || secrets_.size() >= k_most) continue;
    const auto at =
        std::ranges::lower_bound(secrets_, line.size(), std::ranges::greater(), &std::string::size);
    if (std::ranges::find(at, secrets_.end(), line) == secrets_.end()) secrets_.emplace(at, line);
  }
}

void Mask::add_environment() {
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos && secret_name(text.substr(0, equals)))
      add(text.substr(equals + 1));
  }
  for (const auto& [name, value] : hidden_environment()) add(value);
}

void Mask::add_text(std::string_view text) {
  for (std::size_t end = 0; !text.empty(); text.remove_prefix(std::min(end + 1, text.size()))) {
    end =
        std::min(text.find_first_of("\n,{}[]"),
                 text.size());  // a line of most formats; a member of JSON and of YAML in one line
    auto piece = text.substr(0, end);
    if (const auto comment = piece.find(" #"); comment != std::string_view::npos)
      piece = piece.substr(0, comment);
    if (const auto first = piece.find_first_not_of(" \t");
        first != std::string_view::npos && piece.substr(first).starts_with("- "))
      piece.remove_prefix(first + 2);
    if (bare(piece).find_first_of(" \t") == std::string_view::npos ||
        piece.find_first_of(":=") == std::string_view::npos)
      add(bare(piece));
    for (const char mark : {'=', ':'}) {
      if (const auto at = piece.find(mark); at != std::string_view::npos)
        add(bare(piece.substr(at + 1)));
    }
    add_url(piece);
  }
}

/// The password in `…://USER:PASSWORD@HOST…`.
void Mask::add_url(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return;
  const auto user = text.substr(scheme + 3);
  const auto at = user.find('@'), colon = user.find(':');
  if (at != std::string_view::npos && colon < at) add(user.substr(colon + 1, at - colon - 1));
}

void Mask::add_environment_text(std::string_view text) {
  for (const auto line : lines(text)) {
    const auto equals = line.find('=');
    if (equals != std::string_view::npos && secret_name(line.substr(0, equals)))
      add(bare(line.substr(equals + 1)));
  }
}

std::string Mask::apply(std::string text) const {
  for (const auto& secret : secrets_) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  }
  return text;
}

}  // namespace cdctl::mojo
