#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>
#include <cdctl/url.hpp>

namespace cdctl {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< without credentials
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string user, password;  ///< HTTP basic authentication; reach no error text
  std::string ca_file;         ///< PEM; empty = the system's
  Deadline deadline = Deadline(Millis(10'000));
  std::size_t max_bytes = 64u << 20;  ///< of the body; more is an error
  /// A descriptor that the body of a 200 is written to as it comes, instead of being held in
  /// memory; -1 = none.
  int into = -1;
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};

/// HTTP client: keep-alive connections, no redirects followed, proxies from the environment not
/// used for loopback. An answer with any status is a value; the error is "no answer": exit code
/// `unknown` (refused, reset, TLS) or `timeout` (deadline). Not thread-safe: one object per thread.
class Http {
 public:
  virtual ~Http() = default;
  [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
  /// All requests at once over at most `parallel` connections; answers in the order of the
  /// requests. What they hold in memory is 64 MiB in all, whoever answers.
  [[nodiscard]] virtual std::vector<Result<HttpResponse>> send_all(
      std::span<const HttpRequest> requests, std::size_t parallel = 16) = 0;
};

}  // namespace cdctl
