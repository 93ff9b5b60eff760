#include "core/probe/checks.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::probe {

namespace {

constexpr std::array<std::string_view, 9> k_keys{
    "name", "http", "expect", "contains", "command", "prometheus", "query", "timeout", "severity"};
constexpr std::array<std::string_view, 3> k_holders{"{set}", "{service}", "{revision}"};
constexpr const char* k_kinds[] = {"http", "command", "prometheus"};
constexpr std::size_t k_most_checks = 64;
constexpr std::size_t k_longest_query = 16 << 10;
constexpr Millis k_longest{60'000};

bool has_holder(std::string_view text) {
  return std::ranges::any_of(k_holders,
                             [&](std::string_view holder) { return text.contains(holder); });
}

/// Reads one table; every error names where it is.
class CheckReader {
 public:
  CheckReader(const ServiceConfig& service, std::size_t number, bool trusted)
      : service_(service), number_(number), trusted_(trusted) {}

  Result<UserCheck> read(const Json& table) const {
    UserCheck out;
    for (const auto& [key, value] : table.members())
      if (std::ranges::find(k_keys, key) == k_keys.end())
        return bad(fmt::format("unknown key '{}'; there are {}", printable(key, 40),
                               fmt::join(k_keys, ", ")));
    out.name = table["name"].as_string();
    if (!valid_word(out.name))
      return bad("'name' must be a name of small letters, digits and dashes");
    const auto kinds =
        std::ranges::count_if(k_kinds, [&](const char* key) { return !table[key].is_null(); });
    if (kinds != 1)
      return bad(
          "give either http = \"ADDRESS\", or command = [\"PROGRAM\", …], or prometheus = "
          "\"ADDRESS\"");
    CDCTL_TRY(http(table, out));
    CDCTL_TRY(command(table["command"], out));
    CDCTL_TRY(prometheus(table, out));
    if (const auto& value = table["timeout"]; !value.is_null()) {
      const auto timeout = parse_duration(value.view());
      if (!timeout || *timeout <= Millis(0) || *timeout > k_longest)
        return bad("'timeout' must be a duration up to 60s");
      out.timeout = *timeout;
    }
    if (const auto& value = table["severity"]; !value.is_null()) {
      const auto severity = parse_severity(value.view());
      if (!severity) return bad("'severity' must be one of debug, info, warning, error, critical");
      out.severity = *severity;
    }
    return out;
  }

 private:
  std::unexpected<Error> bad(std::string_view what) const {
    return fail(ExitCode::config,
                fmt::format("{}: check {}: {}", service_.file.string(), number_, what));
  }
  Result<> http(const Json& table, UserCheck& out) const {
    const bool is_http = !table["http"].is_null(), is_query = !table["prometheus"].is_null();
    if (!is_http && ((!is_query && !table["expect"].is_null()) || !table["contains"].is_null()))
      return bad("'expect' and 'contains' belong to http checks");
    if (!is_http) return {};
    CDCTL_TRY_ASSIGN(const auto url,
                     address(table, "http", "http://127.0.0.1:8080/health", out.http));
    if (has_holder(url.scheme) || has_holder(url.port))
      return bad("a placeholder may stand in the host and the path of 'http'");
    out.contains = table["contains"].as_string();
    const auto& expect = table["expect"];
    if (expect.is_null()) return {};
    out.expect.clear();
    for (const auto& status : expect.is_array() ? expect.items() : Json::Array{expect}) {
      if (!status.is_int() || status.as_int() < 100 || status.as_int() > 599)
        return bad("'expect' must be a status from 100 to 599, or a list of them");
      out.expect.push_back(status.as_int());
    }
    return {};
  }
  Result<Url> address(const Json& table, const char* key, const char* example,
                      std::string& out) const {
    out = table[key].as_string();
    auto url = parse_url(out);
    if (!url || (url->scheme != "http" && url->scheme != "https"))
      return bad(fmt::format("'{}' must be an address such as \"{}\"", key, example));
    if (!url->user.empty() || !url->password.empty())
      return bad(fmt::format(
          "'{}' must hold no user and no password: whoever reads the file would have them", key));
    return std::move(*url);
  }
  /// A value that is asked of Prometheus, or of what speaks like it.
  Result<> prometheus(const Json& table, UserCheck& out) const {
    if (table["prometheus"].is_null())
      return table["query"].is_null() ? Result<>() : bad("'query' belongs to prometheus checks");
    CDCTL_TRY(address(table, "prometheus", "http://127.0.0.1:9090", out.prometheus));
    if (has_holder(out.prometheus) || out.prometheus.find_first_of("?#") != std::string::npos)
      return bad("'prometheus' is where the server is, such as \"http://127.0.0.1:9090\"");
    out.query = table["query"].as_string();
    if (trimmed(out.query).empty() || out.query.size() > k_longest_query)
      return bad(R"(give query = 'sum(rate(errors_total{set="{set}"}[5m]))', or one like it)");
    const auto& expect = table["expect"];
    for (const auto& one : expect.is_array() ? expect.items() : Json::Array{expect}) {
      const auto bound = Bound::parse(one.view());
      if (!bound)
        return bad("'expect' must say what the value has to be: \"<= 5\", or [\"> 0\", \"<= 5\"]");
      out.bounds.push_back(*bound);
    }
    return out.bounds.empty() ? bad("'expect' is empty") : Result<>();
  }
  Result<> command(const Json& words, UserCheck& out) const {
    if (words.is_null()) return {};
    if (!trusted_) {
      return bad(
          "'command' names a program, which a configuration that was only found, in this folder or "
          "above it, may not; pass --config if you trust it");
    }
    for (const auto& word : words.items()) {
      if (!word.is_string() || word.view().empty() || word.view().contains('\0'))
        return bad("'command' must be a list of words");
      out.command.push_back(word.as_string());
    }
    if (out.command.empty()) return bad("'command' must be a list of words, the program first");
    return {};
  }

  const ServiceConfig& service_;
  std::size_t number_;
  bool trusted_;
};

}  // namespace

bool UserCheck::per_set() const {
  if (!http.empty()) return has_holder(http);
  return prometheus.empty() || has_holder(query);
}

UserChecks read_checks(const ServiceConfig& service, bool trusted) {
  const auto& tables = service.table["checks"];
  UserChecks out;
  if (tables.is_null()) return out;
  const auto wrong = [&](std::size_t number, std::string_view what) {
    out.wrong.push_back(
        {number, {ExitCode::config, fmt::format("{}: {}", service.file.string(), what)}});
  };
  if (!tables.is_array() ||
      !std::ranges::all_of(tables.items(), [](const Json& table) { return table.is_object(); })) {
    wrong(0, "checks are tables of their own, each under [[checks]]");
    return out;
  }
  if (tables.items().size() > k_most_checks)
    wrong(0,
          fmt::format("more than {} checks; the first {} are made", k_most_checks, k_most_checks));
  const auto count = std::min<std::size_t>(tables.items().size(), k_most_checks);
  for (std::size_t number = 1; number <= count; ++number) {
    auto check = CheckReader(service, number, trusted).read(tables.items()[number - 1]);
    if (!check)
      out.wrong.push_back({number, std::move(check.error())});
    else if (std::ranges::find(out.usable, check->name, &UserCheck::name) != out.usable.end())
      wrong(number, fmt::format("check {}: two checks are named {}", number, check->name));
    else
      out.usable.push_back(std::move(*check));
  }
  return out;
}

}  // namespace cdctl::probe
