#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/http.hpp>
#include <cdctl/text.hpp>

namespace cdctl::fuzz {

/// The line that parts of a text stand between.
inline constexpr std::string_view k_between = "\n%%\n";

/// Takes the first part off a text; what is not there is empty.
inline std::string_view take_part(std::string_view& text) {
  const auto at = text.find(k_between);
  const auto part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + k_between.size());
  return part;
}

/// A server that answers each request with the next part of a text: a body alone, `404
/// {"error":…}`, or a line with the status, headers, an empty line and the body. After the last
/// there is none.
class Answers final : public Http {
 public:
  void begin(std::string_view text) {
    text_ = text;
    good = bad = 0;
  }
  Result<HttpResponse> send(const HttpRequest&) override { return next(); }
  std::vector<Result<HttpResponse>> send_all(std::span<const HttpRequest> requests,
                                             std::size_t) override {
    std::vector<Result<HttpResponse>> out;
    for (std::size_t i = 0; i < requests.size(); ++i) out.push_back(next());
    return out;
  }

  int good = 0, bad = 0;  ///< how many requests had a 2xx, and how many another answer or none

 private:
  Result<HttpResponse> next() {
    if (text_.empty()) {
      ++bad;
      return fail(ExitCode::unknown, "no answer");
    }
    auto part = take_part(text_);
    HttpResponse out;
    out.status = 200;
    const bool has_status = part.size() >= 3 && std::ranges::all_of(part.substr(0, 3), [](char c) {
                              return c >= '0' && c <= '9';
                            });
    if (has_status && part.size() > 3 && (part[3] == ' ' || part[3] == '\n')) {
      out.status = (part[0] - '0') * 100 + (part[1] - '0') * 10 + part[2] - '0';
      const bool headers = part[3] == '\n';
      part.remove_prefix(4);
      if (headers) take_headers(part, out);
    }
    out.body = part;
    ++(out.status >= 200 && out.status <= 299 ? good : bad);
    return out;
  }
  static void take_headers(std::string_view& part, HttpResponse& out) {
    while (!part.empty()) {
      auto line = take_until(part, '\n');
      if (line.empty()) return;
      std::string name(take_until(line, ':'));
      std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      });
      out.headers.insert_or_assign(std::move(name), std::string(trimmed(line)));
    }
  }

  std::string_view text_;
};

}  // namespace cdctl::fuzz
