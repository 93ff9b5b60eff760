#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/http.hpp>
#include <cdctl/set_name.hpp>

namespace cdctl::probe {

/// What a value has to be: `<= 5`.
struct Bound {
  enum class Op { less, at_most, more, at_least, equal, not_equal };
  Op op = Op::at_most;
  double value = 0;

  /// Exit code `config`.
  [[nodiscard]] static Result<Bound> parse(std::string_view text);
  [[nodiscard]] bool holds(double is) const;
  [[nodiscard]] std::string text() const;
};

/// A query of PromQL for a set: `{set}`, `{service}` and `{revision}` become strings, and where
/// they stand in a string already, a part of it.
[[nodiscard]] std::string filled_query(std::string_view query, const SetName& set);

/// The instant query to a server of this address. Its deadline is the caller's to set.
[[nodiscard]] HttpRequest query_request(std::string_view server, std::string_view query);

/// The one value of an answer. Exit code `unknown` when there is none, none that is a number, or
/// several, and when the server itself says that it may lack something.
[[nodiscard]] Result<double> value_in(const Result<HttpResponse>& answer);

}  // namespace cdctl::probe
